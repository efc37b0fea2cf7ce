import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A table of `SPEC.md`: what stands in the cell of an event and a state. */
export interface SpecTable {
  readonly events: readonly string[];
  readonly states: readonly string[];
  /** The outcomes that the cell names, in the order of the alphabet: names of states, or `stays`. */
  cell(event: string, state: string): string;
}

/** What a set of outcomes looks like in a cell. */
export const toCell = (outcomes: Iterable<string>): string => [...new Set(outcomes)].sort().join(" or ");

/** The one table below a heading. Throws when there is none, and for an empty cell. */
export async function readSpecTable(heading: string): Promise<SpecTable> {
  const section = (await readSpec()).split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  const [head = [], , ...body] = rows.map((line) => line.split("|").slice(1, -1).map(toPlain));
  if (body.length === 0) throw new Error(`unable to read the table of "${heading}"; there is none`);
  const states = head.slice(1);
  const cells = new Map<string, string>();
  for (const [event = "", ...texts] of body) {
    for (const [index, state] of states.entries()) {
      const text = texts[index];
      if (!text) throw new Error(`unable to read the table of "${heading}"; ${event} in ${state} is empty`);
      cells.set(`${event}/${state}`, toCell(text.split(" or ")));
    }
  }
  return {
    events: body.map(([event = ""]) => event),
    states,
    cell: (event, state) => cells.get(`${event}/${state}`) ?? "no such cell",
  };
}

/** The ids of all rules, as often as they stand there. */
export const readRuleIds = async (): Promise<string[]> =>
  [...(await readSpec()).matchAll(/^- \*\*\[([A-Z]+\d+)\]\*\*/gm)].map(([, id = ""]) => id);

/** The ids with which titles of tests begin; a title can also come from the data of a `test.for`. */
export async function readTestedIds(): Promise<string[]> {
  const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith(".test.ts"));
  const texts = await Promise.all(files.map((file) => readFile(join(import.meta.dirname, file), "utf8")));
  const titles = texts.flatMap((text) => [...text.matchAll(/"((?:\[[A-Z]{2}\d+\] ?)+)/g)]);
  return titles.flatMap(([, ids = ""]) => [...ids.matchAll(/\[(\w+)\]/g)].map(([, id = ""]) => id));
}

const readSpec = (): Promise<string> => readFile(join(import.meta.dirname, "../src/SPEC.md"), "utf8");

const toPlain = (cell: string): string => cell.replaceAll("`", "").trim();
