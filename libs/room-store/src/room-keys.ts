import type { RoomId, ServerId, UserId } from '#libs/protocol';
import { redisName } from '#libs/redis';

/** All keys of one room share a hash tag. So they share a slot in Redis Cluster, and one script may use all of them. */
export const roomKey = (room: RoomId): string => redisName(`room:{${room}}`);
export const logKey = (room: RoomId): string => redisName(`room:{${room}}:log`);
export const checkpointKey = (room: RoomId): string => redisName(`room:{${room}}:checkpoint`);
export const effectsKey = (room: RoomId): string => redisName(`room:{${room}}:effects`);
export const epilogueKey = (room: RoomId): string => redisName(`room:{${room}}:epilogue`);
/** Log and checkpoint of a game that was ended without its owner. They are kept for a while, so that someone can find the cause. */
export const keptLogKey = (room: RoomId): string => redisName(`room:{${room}}:kept:log`);
export const keptCheckpointKey = (room: RoomId): string => redisName(`room:{${room}}:kept:checkpoint`);
export const keptEffectsKey = (room: RoomId): string => redisName(`room:{${room}}:kept:effects`);
export const closedKey = (room: RoomId): string => redisName(`room:{${room}}:closed`);
export const aliveKey = (server: ServerId, incarnation: number): string => redisName(`alive:${server}:${incarnation}`);
export const roomsKey = (): string => redisName('rooms');
/** The index of public rooms, by time of creation; the same for one game; the games that have such an index. */
export const allListedKey = (): string => redisName('listed');
export const listedKey = (game: string): string => redisName(`listed:${game}`);
export const listedGamesKey = (): string => redisName('listed-games');
export const ownersKey = (): string => redisName('owners');
export const roomsOfKey = (server: ServerId, incarnation: number): string => redisName(`rooms-of:${server}:${incarnation}`);
export const userKey = (user: UserId): string => redisName(`user:${user}`);

/**
 * How long the log and checkpoint of a game that was ended without its owner are kept, in ms: long enough to inspect them after a weekend.
 */
export const ENDED_GAME_RETENTION_MS = 3 * 86_400_000;
