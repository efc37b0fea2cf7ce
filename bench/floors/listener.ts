import pg from "pg";

/** Hears the notifications of a channel and does nothing with them: the least that a gateway can pay for the others. */
const { DATABASE_URL: connectionString, CHANNEL: channel = "" } = process.env;
const client = new pg.Client({ connectionString });
await client.connect();
client.on("notification", () => undefined);
await client.query(`listen ${pg.escapeIdentifier(channel)}`);
process.send?.({});
