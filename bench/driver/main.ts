import type { Group } from "./group.ts";
import { openGroup } from "./group.ts";
import { createHttpConnection } from "./http-connection.ts";
import { runLoad } from "./load.ts";
import type { Answers, Command, Request, Response } from "./protocol.ts";

/**
 * The driver: a process of its own that holds the clients, sends the messages and keeps the books. It does what the
 * benchmark tells it over its channel, and ends with it.
 */
const groups = new Map<string, Group>();

const requireGroup = (name: string): Group => {
  const group = groups.get(name);
  if (!group) throw new Error(`unable to use the group ${name}; it is not open`);
  return group;
};

const handlers: { readonly [K in Command["kind"]]: (command: Command & { kind: K }) => Promise<Answers[K]> } = {
  async open(command) {
    const startedAt = performance.now();
    groups.set(command.group, await openGroup(command));
    return { ms: performance.now() - startedAt };
  },
  load: (command) => runLoad(requireGroup(command.group), command),
  async close({ group }) {
    requireGroup(group).close();
    groups.delete(group);
    return {};
  },
  state: async ({ group }) => requireGroup(group).state(),
  async pause({ group, members, paused }) {
    for (const index of members) requireGroup(group).members[index]?.pause(paused);
    return {};
  },
  async mint({ url, headers, path, userIds }) {
    const tokens: string[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      const connection = createHttpConnection(url);
      for (let at = next++; at < userIds.length; at = next++) {
        const { status, body } = await connection.post(path, headers, JSON.stringify({ userId: userIds[at] }));
        if (status !== 200) throw new Error(`unable to mint a token; ${status} ${body}`);
        tokens[at] = (JSON.parse(body) as { token: string }).token;
      }
      connection.close();
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    return { tokens };
  },
};

process.on("message", ({ id, command }: Request) => {
  const reply = (response: Response): void => void process.send?.(response);
  const handle = handlers[command.kind] as (given: Command) => Promise<unknown>;
  handle(command).then(
    (answer) => reply({ id, answer }),
    (error: unknown) => reply({ id, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.once("disconnect", () => {
  for (const group of groups.values()) group.close();
});
