import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fillSnippets } from "../../../scripts/generate/snippets.ts";
import { projectDir } from "../../../scripts/start/home.ts";
import { ChatCalls } from "../src/chat-calls.ts";
import { ChatClient } from "../src/client.ts";
import * as sdk from "../src/sendsar.ts";

const path = "docs/reference/javascript-sdk.md";
const page = await readFile(join(projectDir, path), "utf8");
const mentions = (name: string): boolean => new RegExp(`\\b${name}\\b`).test(page);

test("the page shows the code that the tests run", async () => {
  expect(await fillSnippets(path, projectDir)).toBe(page);
});

test("every export and every method of the client is on the page", () => {
  const internal = ["constructor", "deps", "signal"];
  const names = [
    ...Object.keys(sdk),
    ...[ChatClient, ChatCalls].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)),
  ];
  expect(names.length).toBeGreaterThan(60);
  expect(names.filter((name) => !internal.includes(name) && !mentions(name))).toEqual([]);
});

test("every method and function that the page names is there", () => {
  const named = [...page.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = ""]) => [
    ...cell.matchAll(/`(chat\.)?(\w+)\(/g),
  ]);
  const missing = named.flatMap(([, ofChat, name = ""]) => {
    const isThere = ofChat === undefined ? name in sdk : name in ChatClient.prototype;
    return isThere ? [] : [`${ofChat ?? ""}${name}`];
  });
  expect(named.length).toBeGreaterThan(40);
  expect(missing).toEqual([]);
});
