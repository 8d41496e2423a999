import type { RoomId } from '#libs/protocol';

/** The room that an address names, by its id or by its invite code. */
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

/** Returns the address with which other people join the room: by its invite code if it has one. */
export function inviteHash({ id, code }: { readonly id: RoomId; readonly code?: string }): string {
  return code === undefined ? hashOf(id) : `#/join/${encodeURIComponent(code)}`;
}
