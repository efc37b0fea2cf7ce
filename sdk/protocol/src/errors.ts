/**
 * Every error a client can get: code -> HTTP status and the sentence shown to a person. The code is stable, the
 * sentence may be reworded. Source of docs/reference/errors.md.
 */
export const errors = {
  invalid_request: { status: 400, sentence: "The request does not fit the contract" },
  invalid_json: { status: 400, sentence: "The body is not acceptable JSON" },
  invalid_query: { status: 400, sentence: "The query string is not acceptable" },
  invalid_cursor: { status: 400, sentence: "The cursor is not one of this list" },
  ambiguous_credentials: { status: 400, sentence: "Send either an API key or a session token, not both" },
  actor_required: { status: 400, sentence: "With an API key the acting user must be named" },
  reserved_part_type: { status: 400, sentence: "This part type is written by the server only" },
  reserved_setting: { status: 400, sentence: "This is not a setting" },
  parent_not_found: { status: 400, sentence: "The parent message is not in this room" },
  unauthorized: { status: 401, sentence: "Missing, expired or invalid credential" },
  api_key_required: { status: 403, sentence: "This call needs an API key" },
  session_required: { status: 403, sentence: "This call needs a session token" },
  tenant_suspended: { status: 403, sentence: "This tenant is suspended" },
  user_deactivated: { status: 403, sentence: "This user is deactivated" },
  cannot_act_as_other_user: { status: 403, sentence: "Cannot act as another user" },
  room_frozen: { status: 403, sentence: "This room is frozen" },
  operator_required: { status: 403, sentence: "Only an operator of the room may do this" },
  not_a_participant: { status: 403, sentence: "The acting user is not a participant of this room" },
  not_found: { status: 404, sentence: "Not found" },
  user_not_found: { status: 404, sentence: "User not found" },
  room_not_found: { status: 404, sentence: "Room not found" },
  message_not_found: { status: 404, sentence: "Message not found" },
  participant_not_found: { status: 404, sentence: "This user is not a participant of the room" },
  method_not_allowed: { status: 405, sentence: "This method is not allowed here" },
  direct_room: { status: 409, sentence: "The two people of a direct room cannot be changed" },
  room_full: { status: 409, sentence: "This room has as many participants as it can have" },
  too_many_rooms: { status: 409, sentence: "This user is in as many rooms as a user can be" },
  body_too_large: { status: 413, sentence: "The body is too large" },
  path_too_long: { status: 414, sentence: "The path is too long" },
  unsupported_media_type: { status: 415, sentence: "The body must be application/json in UTF-8" },
  rate_limited: { status: 429, sentence: "Too many requests" },
  headers_too_large: { status: 431, sentence: "The request headers are too large" },
  internal: { status: 500, sentence: "Something went wrong on our side" },
  overloaded: { status: 503, sentence: "Too much work is waiting, try again shortly" },
  database_unavailable: { status: 503, sentence: "The database does not answer, try again shortly" },
  shutting_down: { status: 503, sentence: "This server is shutting down, try again" },
} as const satisfies Record<string, { readonly status: number; readonly sentence: string }>;

/** A stable error code. */
export type ErrorCode = keyof typeof errors;
