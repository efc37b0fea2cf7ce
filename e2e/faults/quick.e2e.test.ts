import { afterAll, expect, test } from "vitest";
import { renderVerdict } from "../checker/render.ts";
import { createRandom } from "./load/random.ts";
import { remarksOf } from "./report/table.ts";
import { rows } from "./rows/all.ts";
import { createPlayer } from "./rows/player.ts";
import { quickScale } from "./stage/scale.ts";

const quickRows = [1, 2, 4, 6, 8, 11, 18];
const messagesPerRow = 720;
const rowMsMax = 180_000;

const player = createPlayer({ pods: 2, scale: quickScale, random: createRandom(1), isFull: false });
afterAll(() => player[Symbol.asyncDispose]());

test.each(
  rows
    .filter(({ id }) => quickRows.includes(id))
    .map((row) => ({ name: `F${String(row.id).padStart(2, "0")} ${row.title}`, row })),
)(
  "$name: every acknowledged message is stored and shown, once and in order",
  async ({ row }) => {
    const outcome = await player.play(row, messagesPerRow);
    if (!("result" in outcome)) throw new Error(outcome.failure);
    const { verdict, problems } = outcome.result;
    expect(verdict.violations.length, renderVerdict(verdict)).toBe(0);
    expect(problems, remarksOf(outcome).join("\n")).toEqual([]);
    expect(verdict.figures.acknowledged).toBeGreaterThanOrEqual(messagesPerRow);
  },
  rowMsMax,
);
