import { describe, expect, test, vi } from "vitest";
import { createMemory } from "../src/chat/memory.ts";

/** A question that is answered when the test says so. */
const createQuestions = (now?: () => number) => {
  const asked: { key: string; answer: (value: string) => void; fail: (error: Error) => void }[] = [];
  const load = (key: string): Promise<string> =>
    new Promise((answer, fail) => {
      asked.push({ key, answer, fail });
    });
  return { asked, memory: createMemory({ load, ttlMs: 5000, keptMax: 2, ...(now && { now }) }) };
};

describe("memory", () => {
  test("asks once for all who ask at the same time, and not again", async () => {
    const { asked, memory } = createQuestions();
    const answers = Promise.all([memory.get("a"), memory.get("a"), memory.get("a")]);
    asked[0]?.answer("1");
    expect(await answers).toEqual(["1", "1", "1"]);
    expect(await memory.get("a")).toBe("1");
    expect(memory.last("a")).toBe("1");
    expect(asked).toHaveLength(1);
  });

  test("what was forgotten is asked for again; other keys are not", async () => {
    const { asked, memory } = createQuestions();
    const first = Promise.all([memory.get("a"), memory.get("b")]);
    for (const { answer } of asked) answer("1");
    await first;
    memory.forget("a");
    expect([memory.last("a"), memory.last("b")]).toEqual([undefined, "1"]);
    const again = memory.get("a");
    asked[2]?.answer("2");
    expect([await again, await memory.get("b")]).toEqual(["2", "1"]);
    expect(asked.map(({ key }) => key)).toEqual(["a", "b", "a"]);
  });

  test("B12 an answer that was on its way when it was forgotten is not taken: not by who waits, nor later", async () => {
    for (const forget of ["one", "all"] as const) {
      const { asked, memory } = createQuestions();
      const waiting = [memory.get("a"), memory.get("a")];
      if (forget === "one") memory.forget("a");
      else memory.forgetAll((key) => key === "a");
      const later = memory.get("a");
      asked[0]?.answer("too old");
      await vi.waitFor(() => expect(asked).toHaveLength(2));
      expect(memory.last("a")).toBeUndefined();
      asked[1]?.answer("new");
      expect(await Promise.all([...waiting, later])).toEqual(["new", "new", "new"]);
      expect(memory.last("a")).toBe("new");
    }
  });

  test("forgetting all of some keys leaves the others", async () => {
    const { asked, memory } = createQuestions();
    const first = Promise.all([memory.get("a/1"), memory.get("b/1")]);
    for (const { answer } of asked) answer("x");
    await first;
    memory.forgetAll((key) => key.startsWith("a/"));
    expect([memory.last("a/1"), memory.last("b/1")]).toEqual([undefined, "x"]);
  });

  test("a failure is told to who asked and is not kept", async () => {
    const { asked, memory } = createQuestions();
    const failing = Promise.allSettled([memory.get("a"), memory.get("a")]);
    asked[0]?.fail(new Error("away"));
    expect((await failing).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    const next = memory.get("a");
    asked[1]?.answer("back");
    expect(await next).toBe("back");
  });

  test("what is older than its time is asked for again, and of too many the oldest goes", async () => {
    let at = 1000;
    const { asked, memory } = createQuestions(() => at);
    const get = async (key: string, answer: string): Promise<string> => {
      const before = asked.length;
      const got = memory.get(key);
      if (asked.length > before) asked.at(-1)?.answer(answer);
      return await got;
    };
    await get("a", "1");
    at += 4999;
    expect(await get("a", "2")).toBe("1");
    at += 2;
    expect(memory.last("a")).toBe("1");
    expect(await get("a", "2")).toBe("2");
    await get("b", "1");
    await get("c", "1");
    expect(memory.last("a")).toBeUndefined();
  });
});
