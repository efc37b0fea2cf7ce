import type { Row, Scene } from "./row.ts";

export const locks: Row = {
  id: 12,
  title: "locks held",
  how: "a transaction of somebody else locks one room's row, then the table of messages, and is left open",
  async inject(scene) {
    const { world, stage, size, recovered, note, must } = scene;
    const [room = ""] = stage.troupes[0].rooms.keys();
    const ms = size(15_000, 6000);
    const others = await holdingLock(scene, `select from sendsar.rooms where room_id = '${room}' for update`, ms, room);
    note("messages to other rooms while a room was locked", others);
    must(others > (ms / 1000) * 2, `only ${others} messages to other rooms while one was locked`);
    await recovered();
    await holdingLock(scene, "lock table sendsar.messages in access exclusive mode", size(30_000, 6000), room);
    await recovered();
    const [left] = await world.database.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where application_name = 'sendsar-gateway'",
    );
    const most = world.pods.length * poolMax;
    must((left?.n ?? 0) <= most, `${left?.n} connections are left, and the pools hold ${most} at most`);
  },
};

/** Connections of a gateway's pool when nothing else is said. */
const poolMax = 10;

/** Answers how many messages to other rooms were acknowledged meanwhile. */
const holdingLock = async (
  { world, stage, hold }: Scene,
  statement: string,
  ms: number,
  room: string,
): Promise<number> => {
  const session = await world.database.session();
  try {
    await session.query("begin");
    await session.query(statement);
    const since = stage.recorder.entries.length;
    await hold(ms);
    const sentTo = new Map(
      stage.recorder.entries.flatMap((entry) => (entry.kind === "invoke" ? [[entry.sendId, entry.room]] : [])),
    );
    const later = stage.recorder.entries.slice(since);
    return later.filter((entry) => entry.kind === "ok" && sentTo.get(entry.sendId) !== room).length;
  } finally {
    await session.query("rollback");
    await session.end();
  }
};
