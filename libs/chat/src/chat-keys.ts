import type { RoomId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { roomKey } from '#libs/room-store';

/** A chat: that of a room, or that of the lobby of a game. */
export type ChatTarget = { readonly room: RoomId } | { readonly lobby: string };

/** All keys of a channel share a slot in Redis Cluster, in a room also with the record of the room. The first one is also a channel. */
export function messagesKey(target: ChatTarget): string {
  return 'room' in target ? redisName(`chat:{${target.room}}`) : redisName(`lobby-chat:{${target.lobby}}`);
}
export const senderKey = (target: ChatTarget, user: string): string => `${messagesKey(target)}:user:${user}`;
export const mutedKey = (target: ChatTarget): string => `${messagesKey(target)}:muted`;
export const budgetKey = (target: ChatTarget): string => `${messagesKey(target)}:budget`;

/**
 * Returns the keys of a script about a message of `user`. In the chat of a room, they include the record of the room, because the chat ends
 * with the room.
 */
export function scriptKeys(target: ChatTarget, user: string): string[] {
  const keys = [messagesKey(target), senderKey(target, user), mutedKey(target), budgetKey(target)];
  return 'room' in target ? [...keys, roomKey(target.room)] : keys;
}
