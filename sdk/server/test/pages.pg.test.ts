import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { type Consumer, createConsumer } from "./consumer.ts";
import { type Example, pages, readDocExamples, readPageExamples } from "./examples.ts";
import { type ServerGateway, startServerGateway } from "./server-gateway.ts";

/** Every block of code that the documentation shows: compiled for a strict consumer, and run against a real gateway. */
let consumer: Consumer;
let server: ServerGateway;

beforeAll(async () => {
  server = await startServerGateway();
  consumer = await createConsumer();
}, 180_000);
afterAll(async () => {
  await consumer[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const webhookSecret = `whsec_${"0123456789abcdef".repeat(3)}`;
const env = () => ({
  API_URL: server.sendsar.apiUrl,
  API_KEY: server.gateway.a.apiKey,
  WEBHOOK_SECRET: webhookSecret,
});

/** Writes each as a file, compiles them together, runs one after the other and answers what each printed. */
const runAll = async (examples: readonly Example[]): Promise<string[]> => {
  for (const { name, code } of examples) {
    const text = code.replaceAll('"http://localhost:3001/v1"', JSON.stringify(server.sendsar.apiUrl));
    await writeFile(join(consumer.dir, `${name}.ts`), text);
  }
  const files = examples.map(({ name }) => `${name}.ts`);
  expect(await consumer.compile(files)).toBe("");
  const outputs: string[] = [];
  for (const file of files) outputs.push(await consumer.run(file, env()));
  return outputs;
};

/** A request as a gateway sends it. */
const signedRequest = `
import { createHmac } from "node:crypto";
const signedBody = JSON.stringify({ id: "evt_1", event: "message.created", message: { previewText: "hello" } });
const signedAt = String(Math.floor(Date.now() / 1000));
const signingKey = Buffer.from("${webhookSecret.slice("whsec_".length)}", "base64");
const signature = createHmac("sha256", signingKey).update(\`evt_1.\${signedAt}.\${signedBody}\`).digest("base64");
const signedHeaders = { "webhook-id": "evt_1", "webhook-timestamp": signedAt, "webhook-signature": \`v1,\${signature}\` };
const request = new Request("http://shop/hook", { method: "POST", headers: signedHeaders, body: signedBody });
`;

const login = '{ method: "POST", headers: { cookie: "login=dara" } }';

/** What a block needs to show that it works: the code after it, by a word that only it has. */
const trials: readonly (readonly [word: string, code: string])[] = [
  [
    "createSessionHandler({",
    `for (const init of [${login}, { method: "POST" }]) console.log((await POST(new Request("http://shop/", init))).status);`,
  ],
  [
    "createServer(sessionRoute)",
    `await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
     const { port } = server.address() as { port: number };
     const session = await (await fetch(\`http://127.0.0.1:\${port}/\`, ${login})).json();
     console.log(Object.keys(session as object).join());
     server.closeAllConnections(); server.close();`,
  ],
  [
    "takeWebhook",
    `${signedRequest}
     console.log((await takeWebhook(request.clone())).status);
     console.log((await takeWebhook(new Request(request, { headers: {} }))).status);`,
  ],
];

test("the how-to page, block by block", async () => {
  const [client, ...blocks] = await readPageExamples(pages.howTo);
  const outputs = await runAll(
    blocks.map(({ name, code }) => {
      const trial = trials.find(([word]) => code.includes(word))?.[1] ?? "";
      return { name, code: `${client?.code}\n${code}\n${trial}` };
    }),
  );
  expect(outputs).toEqual([
    "",
    "200\n401\n",
    "token,expiresAt,apiUrl,chatUserId,displayName,chatSettings\n",
    "dm:buyer_5:shop_9 group\n",
    "",
    "Order 8812 shop_9 Your order is ready\nOrder 8812 courier_2 Bo joined\n",
    "404 user_not_found req_\n",
    "message.created evt_1 hello\n204\n400\n",
  ]);
  const { rooms } = await server.sendsar.rooms.list();
  expect(rooms.map(({ externalId }) => externalId)).toEqual(["order:8812", "dm:buyer_5:shop_9"]);
});

test("the README", async () => {
  const examples = await readPageExamples(pages.readme);
  expect(await runAll(examples)).toEqual(["shop_9 Your order is ready\n"]);
});

test("every example beside the code", async () => {
  const prelude = `
    import { createSendsar } from "@sendsar/server-sdk";
    const sendsar = createSendsar({ apiUrl: "http://localhost:3001/v1", apiKey: process.env["API_KEY"] ?? "" });
    const { id: roomId } = await sendsar.rooms.ensureGroup("order:8812", { participants: ["buyer_5", "shop_9"] });
    const findLoggedInUser = async (_: unknown) => ({ id: "buyer_5", name: "Dara" });
    void [roomId, findLoggedInUser];
  `;
  const examples = (await readDocExamples()).map(({ name, code }) => {
    const needsRequest = code.includes("verifyWebhook(") ? signedRequest : "";
    const isWhole = code.includes("createSendsar(");
    return { name, code: `${needsRequest}${isWhole ? "" : `${prelude}{\n`}${isWhole ? code : blockOf(code)}` };
  });
  expect(examples.map(({ name }) => name.replace(/^doc-\d+-/, ""))).toEqual([
    "ensure-rooms",
    "ensure-rooms",
    "messages",
    "server-sdk",
    "session-handler",
    "session-handler",
    "sessions",
    "tenant",
    "uploads",
    "users",
    "webhook",
  ]);
  await writeFile(join(consumer.dir, "receipt.pdf"), sampleFiles.pdf.bytes);
  const outputs = await runAll(examples);
  const linesOf = (file: string): string[] => {
    const index = examples.findIndex(({ name }) => name.endsWith(file));
    return (outputs[index] ?? "").split("\n").toSorted();
  };
  expect(linesOf("-server-sdk")).toEqual(["", "Order 8812", "null"]);
  expect(linesOf("-webhook")).toEqual(["", "hello"]);
});

/** Names of the example may be those of the prelude, so it stands in a block of its own; imports and exports cannot. */
function blockOf(code: string): string {
  const lines = code.split("\n");
  const imports = lines.filter((line) => line.startsWith("import "));
  const rest = lines.filter((line) => !line.startsWith("import ")).map((line) => line.replace(/^export /, ""));
  return `${rest.join("\n")}\n}\n${imports.join("\n")}\n`;
}
