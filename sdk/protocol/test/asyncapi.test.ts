import asyncapiSchema from "@asyncapi/specs/schemas/3.0.0-without-$id.json" with { type: "json" };
import { Ajv } from "ajv";
import { fullFormats } from "ajv-formats/dist/formats.js";
import { beforeAll, expect, test } from "vitest";
import { downEvents } from "../src/events/down.ts";
import { upEvents } from "../src/events/up.ts";
import { readDocument } from "./documents.ts";

interface Operation {
  readonly action: string;
  readonly messages: readonly { readonly $ref: string }[];
}

interface Asyncapi {
  readonly channels: { readonly socket: { readonly messages: Readonly<Record<string, unknown>> } };
  readonly operations: Readonly<Record<string, Operation>>;
  readonly components: {
    readonly messages: Readonly<
      Record<
        string,
        { readonly name: string; readonly payload: object; readonly examples: readonly { payload: unknown }[] }
      >
    >;
  };
}

let asyncapi: Asyncapi;

beforeAll(async () => {
  asyncapi = await readDocument("asyncapi.json");
});

/** References of a document that lead nowhere. */
const brokenReferences = (document: unknown): readonly string[] => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = ""]) => path);
  return references.filter(
    (path) =>
      path.split("/").reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document) ===
      undefined,
  );
};

test("the document is AsyncAPI", () => {
  const ajv = new Ajv({ strict: false, formats: fullFormats });
  const fits = ajv.compile(asyncapiSchema);
  fits(asyncapi);
  expect(fits.errors).toBeNull();
});

test("every reference in it leads somewhere", () => {
  expect(brokenReferences(asyncapi)).toEqual([]);
  expect(brokenReferences({ a: { $ref: "#/b/c" }, b: {} })).toEqual(["b/c"]);
});

test("every event is described once, in its direction", () => {
  const described = Object.entries(asyncapi.operations).map(([name, { action, messages }]) => {
    expect(messages).toEqual([{ $ref: `#/channels/socket/messages/${name}` }]);
    return [action, asyncapi.components.messages[name]?.name];
  });
  expect(described).toEqual([
    ...Object.keys(upEvents).map((name) => ["receive", name]),
    ...Object.keys(downEvents).map((name) => ["send", name]),
  ]);
});

test("the example of every event fits its schema", () => {
  const ajv = new Ajv({ strict: false, formats: fullFormats });
  ajv.addSchema({ $id: "https://sendsar.test/asyncapi.json", components: asyncapi.components });
  for (const [name, { examples }] of Object.entries(asyncapi.components.messages)) {
    const fits = ajv.compile({ $ref: `https://sendsar.test/asyncapi.json#/components/messages/${name}/payload` });
    expect(examples.length).toBe(1);
    for (const { payload } of examples) expect([name, fits(payload), fits.errors]).toEqual([name, true, null]);
  }
});
