import type { RoomDoc } from './room-record.js';

/** The stored form of a document. Redis and the protocol call the host of a room `owner`. */
type StoredRoomDoc = Omit<RoomDoc, 'host'> & { readonly owner: RoomDoc['host'] };

export function encodeRoomDoc({ host, ...rest }: RoomDoc): string {
  return JSON.stringify({ ...rest, owner: host } satisfies StoredRoomDoc);
}

/** @throws SyntaxError when the text is not JSON */
export function decodeRoomDoc(text: string): RoomDoc {
  const { owner, ...rest } = JSON.parse(text) as StoredRoomDoc;
  return { ...rest, host: owner };
}
