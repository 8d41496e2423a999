import type { RoomId, SessionId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { sessionKey } from '../session-keys.js';

const script = new LuaScript('session_enter_room', new URL('./enter-room.lua', import.meta.url), 1);

/** Stores the room of a session in its record. Returns false when the session does not exist. */
export async function enterRoom(client: RedisClient, session: SessionId, room: RoomId | null): Promise<boolean> {
  return (await script.run(client, [sessionKey(session)], [room ?? ''])) === 1;
}
