import type { Auth } from "@sendsar/protocol/endpoint";
import type { EndpointId, Endpoints } from "@sendsar/protocol/endpoints";
import type { ErrorCode } from "@sendsar/protocol/errors";

/** Every tag of the contract in the order of the reference. A tag that is missing here does not compile. */
export const tagDocs: Readonly<Record<Endpoints[EndpointId]["tag"], string>> = {
  Users: "The people of a tenant, under the integrator's own ids.",
  Devices: "What can be woken by a push.",
  Sessions: "Short-lived tokens with which a user's device calls the API and opens the socket.",
  Rooms: "Conversations and their participants.",
  Messages: "What is said in a room, and what happens to it later.",
  Receipts: "How far each participant has read, and what is unread.",
  Uploads: "Files: announced, put to the store, completed, then named in a message.",
  Tenant: "Settings, apps and limits of the tenant.",
};

/** Who may call: the end of a sentence. */
export const authDocs: Readonly<Record<Auth, string>> = {
  apiKey: "the tenant's backend, with its API key.",
  session: "a user, with a session token.",
  either: "the tenant's backend, with its API key, or a user, with a session token.",
};

/** Errors that no endpoint names, because they are not an endpoint's: where each comes from. */
export const otherErrors: Readonly<Partial<Record<ErrorCode, string>>> = {
  not_found: "a path that is no endpoint",
  method_not_allowed: "a known path with a method it does not have",
  path_too_long: "any path, before an endpoint is chosen",
  headers_too_large: "any request, before its path is read",
  link_expired: "a link to a file, or an address to put one, after its time",
  upload_mismatch: "a `PUT` to a gateway that keeps files in a folder",
};

/** What a success status means, beside the same body. */
export const statusDocs = (status: number, statuses: readonly number[]): string => {
  if (status === 201) return "Made";
  return statuses.includes(201) ? "It was there before" : "Done";
};
