import { expect, test } from "vitest";
import { spreadOut } from "../testing/spread-sequencer.ts";

const isLong = (name: string): boolean => name === name.toUpperCase();

test("long ones come early and apart, each kind in its order, and nothing is left out", () => {
  expect(spreadOut([..."abcdefghiXY"], isLong).join("")).toBe("XabcYdefghi");
  expect(spreadOut([..."XYabc"], isLong).join("")).toBe("XaYbc");
  expect(spreadOut([..."XYZa"], isLong).join("")).toBe("XYZa");
  expect(spreadOut([..."abc"], isLong).join("")).toBe("abc");
  expect(spreadOut([], isLong)).toEqual([]);
});
