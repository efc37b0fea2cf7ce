import type { EndpointId } from "@sendsar/protocol/endpoints";
import type { upEvents } from "@sendsar/protocol/events/up";

/**
 * What an actor gets who asks for something of the room RA, of its people, its file or tenant A:
 *
 * - `ok`: it is done.
 * - `own`: it is done, and is about what is the actor's own: nothing of RA is in the answer, nothing of tenant A changes
 *   when the actor is of tenant B.
 * - `same`: it is answered exactly as for ids that nobody has, and nothing happens.
 * - `hidden`: the same, and the answer is 404.
 * - `key`, `session`, `operator`, `author`: 403 that names what is missing.
 */
export type Expectation = "ok" | "own" | "same" | "hidden" | "key" | "session" | "operator" | "author";

/** Actors whose credentials are good, in the order of the columns below. */
export const callers = ["keyA", "keyB", "a1", "a2", "a3", "a4", "b1"] as const;
export type Caller = (typeof callers)[number];

/** Endpoint -> what the callers get, in their order. Whoever has no good credential is refused everywhere alike. */
export const endpointExpectations: { readonly [K in EndpointId]: string } = {
  // "              keyA keyB    a1      a2       a3     a4     b1
  upsertUser: "           ok own     key     key      key     key     key",
  listUsers: "            ok own     key     key      key     key     key",
  getUser: "              ok own     key     key      key     key     key",
  updateUser: "           ok own     key     key      key     key     key",
  deactivateUser: "       ok own     key     key      key     key     key",
  reactivateUser: "       ok own     key     key      key     key     key",
  deleteUser: "           ok own     key     key      key     key     key",
  createToken: "          ok own     key     key      key     key     key",
  revokeSessions: "       ok own     key     key      key     key     key",
  registerUserDevice: "   ok own     key     key      key     key     key",
  listUserDevices: "      ok own     key     key      key     key     key",
  unregisterUserDevice: " ok own     key     key      key     key     key",
  registerDevice: "  session session ok      ok       own     own     own",
  listDevices: "     session session ok      ok       own     own     own",
  unregisterDevice: "session session ok      ok       own     own     own",

  createRoom: "           ok own     key     key      key     key     key",
  listRooms: "            ok own     ok      ok       own     own     own",
  getRoom: "              ok hidden  ok      ok       hidden  hidden  hidden",
  updateRoom: "           ok hidden  key     key      key     key     key",
  deleteRoom: "           ok hidden  key     key      key     key     key",
  addParticipant: "       ok hidden  ok      operator hidden  hidden  hidden",
  removeParticipant: "    ok hidden  ok      operator hidden  hidden  hidden",
  updateParticipant: "    ok hidden  ok      operator hidden  hidden  hidden",
  clearHistory: "         ok hidden  ok      ok       hidden  hidden  hidden",
  deleteRoomForMe: "      ok hidden  ok      ok       hidden  hidden  hidden",

  sendMessage: "          ok hidden  ok      ok       hidden  hidden  hidden",
  listMessages: "         ok hidden  ok      ok       hidden  hidden  hidden",
  getMessage: "           ok hidden  ok      ok       hidden  hidden  hidden",
  editMessage: "          ok hidden  ok      author   hidden  hidden  hidden",
  deleteMessage: "        ok hidden  ok      author   hidden  hidden  hidden",
  toggleReaction: "       ok hidden  ok      ok       hidden  hidden  hidden",
  pinMessage: "           ok hidden  ok      ok       hidden  hidden  hidden",
  unpinMessage: "         ok hidden  ok      ok       hidden  hidden  hidden",
  listPinnedMessages: "   ok hidden  ok      ok       hidden  hidden  hidden",
  forwardMessage: "       ok hidden  ok      ok       hidden  hidden  hidden",
  markRoomRead: "         ok hidden  ok      ok       hidden  hidden  hidden",
  markRoomDelivered: "    ok hidden  ok      ok       hidden  hidden  hidden",
  getUnread: "            ok own     ok      ok       own     own     own",
  listUnread: "           ok same    ok      ok       same    same    same",

  presignUpload: "        ok own     ok      ok       own     own     own",
  completeUpload: "       ok hidden  ok      hidden   hidden  hidden  hidden",
  abortUpload: "          ok hidden  ok      hidden   hidden  hidden  hidden",
  getUploadAccess: "      ok hidden  ok      ok       hidden  hidden  hidden",
  listUploadAccess: "     ok same    ok      ok       same    same    same",
  getStorage: "           ok own     ok      ok       ok      ok      own",

  getSettings: "          ok own     key     key      key     key     key",
  patchSettings: "        ok own     key     key      key     key     key",
  createApp: "            ok own     key     key      key     key     key",
  listApps: "             ok own     key     key      key     key     key",
  getApp: "               ok hidden  key     key      key     key     key",
  updateApp: "            ok hidden  key     key      key     key     key",
  deleteApp: "            ok hidden  key     key      key     key     key",
  getRateLimits: "        ok own     ok      ok       ok      ok      own",
};

/** Sockets are opened with sessions only. */
export const socketCallers = ["a1", "a2", "a3", "a4", "b1"] as const satisfies readonly Caller[];
export type SocketCaller = (typeof socketCallers)[number];

/** Socket event -> what the callers get. `hidden` is an `error` here. */
export const eventExpectations: { readonly [K in keyof typeof upEvents]: string } = {
  //             a1 a2 a3     a4     b1
  "join-room": " ok ok hidden hidden hidden",
  "leave-room": "ok ok same   same   same",
  typing: "      ok ok hidden hidden hidden",
  resume: "      ok ok same   same   same",
};

/** Routes that are not calls of the contract: whoever asks, and with whatever credential, gets one and the same answer. */
export const openRoutes: readonly string[] = [
  ...["/healthz", "/readyz", "/openapi.json", "/asyncapi.json", "/docs", "/docs/", "/docs/js/scalar.js"].flatMap(
    (path) => [`GET ${path}`, `HEAD ${path}`],
  ),
  "GET /files/:token/:name",
  "HEAD /files/:token/:name",
  "PUT /files/:token",
  "OPTIONS *",
];

/** The words of a row, by caller. Throws unless there is one for each. */
export const readRow = <C extends Caller>(row: string, columns: readonly C[]): ReadonlyMap<C, Expectation> => {
  const words = row.trim().split(/\s+/) as Expectation[];
  if (words.length !== columns.length) throw new Error(`unable to read "${row}"; it needs ${columns.length} words`);
  return new Map(columns.map((caller, index) => [caller, words[index] as Expectation]));
};
