import type { RoomId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { roomKey } from '#libs/room-store';

/** The chat of a room, or of the lobby of a game. */
export type ChatTarget = { readonly room: RoomId } | { readonly lobby: string };

/**
 * Returns the key of the messages of a channel, which is also the name of its Redis channel. All keys of a channel share a slot in Redis
 * Cluster. In the chat of a room, the record of the room has the same slot.
 */
export function messagesKey(target: ChatTarget): string {
  return 'room' in target ? redisName(`chat:{${target.room}}`) : redisName(`lobby-chat:{${target.lobby}}`);
}
export const senderKey = (target: ChatTarget, user: string): string => `${messagesKey(target)}:user:${user}`;
export const mutedKey = (target: ChatTarget): string => `${messagesKey(target)}:muted`;
export const budgetKey = (target: ChatTarget): string => `${messagesKey(target)}:budget`;

/**
 * Returns the keys of a script about a message of `user`. In the chat of a room, the keys include the record of the room, because the chat
 * ends with the room.
 */
export function scriptKeys(target: ChatTarget, user: string): string[] {
  const keys = [messagesKey(target), senderKey(target, user), mutedKey(target), budgetKey(target)];
  return 'room' in target ? [...keys, roomKey(target.room)] : keys;
}
