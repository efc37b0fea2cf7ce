import type { Row } from "./row.ts";

export const notifyQueue: Row = {
  id: 13,
  title: "notification queue held back",
  how: "a session that listens stays inside a transaction, so Postgres can drop no notification",
  async inject({ world, size, hold, recovered, note }) {
    const session = await world.database.session();
    try {
      await session.query("listen nothing");
      await session.query("begin");
      await session.query("select");
      await hold(size(30_000, 5000));
      const { rows } = await session.query<{ share: number }>("select pg_notification_queue_usage() as share");
      note("queue used, %", ((rows[0]?.share ?? 0) * 100).toFixed(4));
    } finally {
      await session.query("rollback");
      await session.end();
    }
    await recovered();
  },
};
