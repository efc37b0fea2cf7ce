/** SQL that makes what a room looks like (`RoomFace` of the contract) of the columns of a row of rooms. */
export const faceOf = (row: string): string => `
  json_build_object('name', ${row}.name, 'avatarUrl', ${row}.avatar_url, 'externalId', ${row}.external_id,
    'customType', ${row}.custom_type, 'metadata', ${row}.metadata, 'isFrozen', ${row}.is_frozen)`;
