import { once } from "node:events";
import { createServer } from "node:http";

// A container that tells its environment, can be made ill and crashes when asked, and says goodbye in its log.
let isWell = true;
const server = createServer((request, response) => {
  if (request.url === "/crash") process.exit(3);
  if (request.url === "/ill") isWell = false;
  if (request.url === "/well") response.writeHead(isWell ? 200 : 503);
  response.end(JSON.stringify(process.env));
});
server.listen(Number(process.env["PORT"]), process.env["HOST"]);
await once(process, "SIGTERM");
console.log(`goodbye after ${performance.now().toFixed(0)} ms`);
process.exit(0);
