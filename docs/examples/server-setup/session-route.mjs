// The session route in Node: npm install @sendsar/server-sdk && API_URL=… API_KEY=… node session-route.mjs
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

// docs:start(route)
const sendsar = createSendsar({ apiUrl, apiKey });

const sessionRoute = createNodeSessionHandler({
  sendsar,
  authenticate: findLoggedInUser,
  createMissingUsers: true,
});
// docs:end(route)

const server = createServer((request, response) => {
  if (request.url === "/api/chat/session") return sessionRoute(request, response);
  response.writeHead(404).end();
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/api/chat/session`));
