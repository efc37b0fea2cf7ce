// Sends a file from your server: API_URL=… API_KEY=… node send-receipt.mjs
import { readFile } from "node:fs/promises";
import { createSendsar } from "@sendsar/server-sdk";

const { API_URL: apiUrl, API_KEY: apiKey } = process.env;
const sendsar = createSendsar({ apiUrl, apiKey });
const room = await sendsar.rooms.ensureGroup("order:9003", { participants: ["buyer_5", "shop_9"] });

// docs:start(send)
const { uploadId, mediaType, filename } = await sendsar.uploads.upload({
  filename: "receipt.pdf",
  mediaType: "application/pdf",
  data: await readFile("receipt.pdf"),
  userId: "shop_9",
});
const { parts } = await sendsar.messages.send(room.id, {
  senderId: "shop_9",
  text: "Your receipt",
  parts: [{ type: "file", uploadId, mediaType, filename }],
});
console.log(parts.map(({ type }) => type).join());
// docs:end(send)
