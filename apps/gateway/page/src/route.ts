import type { RoomId } from '#libs/protocol';

/** Returns the room of the address `#/room/ID`. Null: the address has another form, so the page shows the lobby. */
export function roomInHash(hash: string): RoomId | null {
  const id = /^#\/room\/([^/]+)$/.exec(hash)?.[1];
  try {
    return id === undefined ? null : (decodeURIComponent(id) as RoomId);
  } catch {
    return null;
  }
}

export function hashOf(room: RoomId | null): string {
  return room === null ? '#/' : `#/room/${encodeURIComponent(room)}`;
}
