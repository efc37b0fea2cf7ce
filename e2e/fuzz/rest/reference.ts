import fc from "fast-check";

/** What something that a request names can be. */
export type Kind = "user" | "room" | "message" | "upload" | "app" | "device" | "cursor" | "externalId";

/**
 * A place in a request for an id that exists, filled in when the request is sent: the same seed makes the same requests,
 * though ids are others in every run.
 */
export class Reference {
  readonly kind: Kind;
  /** Something of the caller's tenant, of another tenant, or of nobody. */
  readonly whose: "own" | "victim" | "nobody";
  /** Which of those that there are. */
  readonly pick: number;

  constructor(kind: Kind, whose: Reference["whose"], pick: number) {
    this.kind = kind;
    this.whose = whose;
    this.pick = pick;
  }
}

/** A reference to something of this kind, mostly to what the caller's tenant has. */
export const referenceTo = (kind: Kind): fc.Arbitrary<Reference> =>
  fc
    .tuple(
      fc.oneof(
        { weight: 14, arbitrary: fc.constant("own" as const) },
        { weight: 1, arbitrary: fc.constant("victim" as const) },
        { weight: 1, arbitrary: fc.constant("nobody" as const) },
      ),
      fc.nat(999),
    )
    .map(([whose, pick]) => new Reference(kind, whose, pick));

/** What a field or a parameter of this name holds the id of. */
export const kindOf = (name: string): Kind | undefined => kinds[name];

const kinds: Readonly<Record<string, Kind>> = {
  userId: "user",
  senderId: "user",
  actorUserId: "user",
  participantId: "user",
  viewerId: "user",
  id: "user",
  roomId: "room",
  roomIds: "room",
  targetRoomIds: "room",
  messageId: "message",
  lastReadMessageId: "message",
  lastDeliveredMessageId: "message",
  parentMessageId: "message",
  before: "message",
  after: "message",
  around: "message",
  uploadId: "upload",
  uploadIds: "upload",
  appCode: "app",
  token: "device",
  cursor: "cursor",
  externalId: "externalId",
};
