import { globSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { parse } from "acorn";
import { simple } from "acorn-walk";
import { checkSync } from "recheck";
import { expect, test } from "vitest";
import { projectDir } from "../../scripts/start/home.ts";

// Every regular expression that what is deployed has: none takes more than linear time for the length of its text, or it
// is only given short ones (threat H16).

interface Found {
  readonly file: string;
  readonly source: string;
  readonly flags: string;
}

/** Literals, and what is given to `new RegExp` as a plain text. */
const regularExpressionsOf = (file: string): Found[] => {
  const code = stripTypeScriptTypes(readFileSync(join(projectDir, file), "utf8"));
  const found: Found[] = [];
  simple(parse(code, { ecmaVersion: "latest", sourceType: "module" }), {
    Literal({ regex }) {
      if (regex) found.push({ file, source: regex.pattern, flags: regex.flags });
    },
  });
  return found;
};

const files = globSync(
  ["gateway/src/**/*.ts", "operator/src/**/*.ts", "sdk/{protocol,server,javascript}/src/**/*.ts"],
  {
    cwd: projectDir,
  },
).filter((file) => !file.endsWith(".test.ts"));
const all = files.flatMap(regularExpressionsOf);
const unique = [...new Map(all.map((one) => [`/${one.source}/${one.flags}`, one])).entries()];

/** Those that take the square of the length for some texts, and why no such text comes to them. */
const unreached: Readonly<Record<string, string>> = {
  [String.raw`/\/+$/`]: "only sees URLs of the configuration, which whoever runs the gateway writes",
  [String.raw`/^-+|-+$/g`]: "only sees names of Kubernetes, of 253 characters at most",
  [String.raw`/"(?:[^"\\]|\\.)*"(\s*:)?/g`]: "only sees valid JSON, where every string is closed",
  [String.raw`/"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g`]: "only sees valid JSON, where every string is closed",
};

test("H16 there are regular expressions to look at, and every exception is one of them", () => {
  expect(unique.length).toBeGreaterThan(40);
  expect(Object.keys(unreached).filter((name) => !unique.some(([one]) => one === name))).toEqual([]);
});

const looked = unique.filter(([name]) => unreached[name] === undefined);

test.each(looked)("H16 %s is safe whatever the text", (_name, { source, flags, file }) => {
  const { status } = checkSync(source, flags.replaceAll("v", "u"), { timeout: 20_000 });
  expect({ file, status }).toEqual({ file, status: "safe" });
});
