// A web server for the pages beside it: API_URL=… API_KEY=… node server.mjs
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createNodeSessionHandler, createSendsar } from "@sendsar/server-sdk";

const { API_URL: apiUrl, API_KEY: apiKey, PORT: port = "3003" } = process.env;

// THE PLACE FOR YOUR OWN LOGIN: read your cookie or your session here. This one believes a header, which is good for
// trying things out on your own machine, and for nothing else.
const people = { ann: "Ann Lindqvist", bo: "Bo Tanaka" };
const findLoggedInUser = (request) => {
  const id = request.headers["x-demo-user"];
  return Object.hasOwn(people, id) ? { id, name: people[id] } : undefined;
};

const sendsar = createSendsar({ apiUrl, apiKey });
const sessionRoute = createNodeSessionHandler({
  sendsar,
  authenticate: findLoggedInUser,
  createMissingUsers: true,
});

const sdk = (name) => new URL(import.meta.resolve(`@sendsar/chat-sdk-javascript/dist/${name}`));
const files = {
  "/chat.html": [new URL("chat.html", import.meta.url), "text/html"],
  "/module.html": [new URL("module.html", import.meta.url), "text/html"],
  "/sendsar.js": [sdk("sendsar.js"), "text/javascript"],
  "/sendsar.mjs": [sdk("sendsar.mjs"), "text/javascript"],
};

const serve = async (request, response) => {
  const path = request.url.split("?")[0];
  if (path === "/api/chat/session") return sessionRoute(request, response);
  if (!Object.hasOwn(files, path)) return response.writeHead(404).end();
  const [file, type] = files[path];
  response.writeHead(200, { "content-type": `${type}; charset=utf-8` }).end(await readFile(file));
};

const server = createServer((request, response) => {
  serve(request, response).catch((error) => response.destroy(error));
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://localhost:${port}/chat.html?user=ann`));
