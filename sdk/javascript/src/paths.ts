/** The path of a room below the REST base. */
export const roomPath = (roomId: string): string => `/chat/rooms/${encodeURIComponent(roomId)}`;

/** The path of a message. */
export const messagePath = (roomId: string, messageId: string): string =>
  `${roomPath(roomId)}/messages/${encodeURIComponent(messageId)}`;

/** The path of a room's participants, or of one of them. */
export const participantPath = (roomId: string, userId?: string): string =>
  `${roomPath(roomId)}/participants${userId === undefined ? "" : `/${encodeURIComponent(userId)}`}`;

/** The path of an upload. */
export const uploadPath = (uploadId: string): string => `/chat/uploads/${encodeURIComponent(uploadId)}`;
