import type { RoomId } from '#libs/protocol';

/** The id or the invite code of the room in an address. */
export type LinkedRoom = { readonly room: RoomId } | { readonly code: string };

/** Returns the room of the address `#/room/ID` or `#/join/CODE`. Null: the address has another form, so the page shows the lobby. */
export function linkedRoom(hash: string): LinkedRoom | null {
  const [, kind, text] = /^#\/(room|join)\/([^/]+)$/.exec(hash) ?? [];
  try {
    if (text === undefined) return null;
    const name = decodeURIComponent(text);
    return kind === 'join' ? { code: name } : { room: name as RoomId };
  } catch {
    return null;
  }
}

export function hashOf(room: RoomId | null): string {
  return room === null ? '#/' : `#/room/${encodeURIComponent(room)}`;
}

/** Returns the address with which other people join the room. The address has the invite code if the room has one, else the id. */
export function inviteHash({ id, code }: { readonly id: RoomId; readonly code?: string }): string {
  return code === undefined ? hashOf(id) : `#/join/${encodeURIComponent(code)}`;
}
