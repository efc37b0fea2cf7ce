/**
 * A page with the SDK in a process of its own, so that a test can end it as a browser ends a tab: at once. Sends one
 * message and says "ready"; for every number on its standard input it then sends that many more, and waits for none.
 */
import { createInterface } from "node:readline";
import { Sendsar } from "../src/sendsar.ts";
import { openFileStorage } from "./file-storage.ts";

const [, , apiUrl = "", userId = "", token = "", roomId = "", storagePath = ""] = process.argv;
const chat = Sendsar.init({ apiUrl, storage: openFileStorage(storagePath) });
await chat.connect({ userId, token });
await chat.sendMessage(roomId, "0");
let sent = 0;
createInterface({ input: process.stdin }).on("line", (line) => {
  for (let left = Number(line); left > 0; left -= 1) void chat.sendMessage(roomId, String((sent += 1)));
});
console.log("ready");
