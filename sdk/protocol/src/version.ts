/**
 * Version of the wire contract. A test pins a hash of all schemas to it: a change to any schema must either be a
 * superset (raise `minor`) or a new major version with its own path prefix.
 *
 * History:
 * - 1.2 rooms, participants, messages, receipts, uploads, users, devices, apps, sessions and rate limits in full
 * - 1.1 adding and removing participants, `resume`, `seq` and the refused event in socket events
 * - 1.0 users, sessions, rooms, messages, settings, sockets
 */
export const PROTOCOL_VERSION = "1.2";

/** Path prefix of every REST endpoint. */
export const API_PREFIX = "/v1";
