import type { RoomId, ServerId, UserId } from '#libs/protocol';
import { redisName } from '#libs/redis';

/** All keys of one room share a hash tag, and therefore a slot in Redis Cluster. So one script can use all of them. */
export const roomKey = (room: RoomId): string => redisName(`room:{${room}}`);
export const logKey = (room: RoomId): string => redisName(`room:{${room}}:log`);
export const checkpointKey = (room: RoomId): string => redisName(`room:{${room}}:checkpoint`);
export const effectsKey = (room: RoomId): string => redisName(`room:{${room}}:effects`);
export const epilogueKey = (room: RoomId): string => redisName(`room:{${room}}:epilogue`);
/** Copies of log, checkpoint and effects, kept for `ENDED_GAME_RETENTION_MS`, so that an operator can find out why a game failed. */
export const keptLogKey = (room: RoomId): string => redisName(`room:{${room}}:kept:log`);
export const keptCheckpointKey = (room: RoomId): string => redisName(`room:{${room}}:kept:checkpoint`);
export const keptEffectsKey = (room: RoomId): string => redisName(`room:{${room}}:kept:effects`);
export const closedKey = (room: RoomId): string => redisName(`room:{${room}}:closed`);
export const aliveKey = (server: ServerId, incarnation: number): string => redisName(`alive:${server}:${incarnation}`);
export const roomsKey = (): string => redisName('rooms');
/** The index of all public rooms, by time of creation. */
export const allListedKey = (): string => redisName('listed');
/** The index of the public rooms of one game, by time of creation. */
export const listedKey = (game: string): string => redisName(`listed:${game}`);
/** The set of the games that have an index of public rooms. */
export const listedGamesKey = (): string => redisName('listed-games');
/** The id of the room that has this invite code. */
export const inviteKey = (code: string): string => redisName(`invite:${code}`);
export const ownersKey = (): string => redisName('owners');
export const roomsOfKey = (server: ServerId, incarnation: number): string => redisName(`rooms-of:${server}:${incarnation}`);
export const userKey = (user: UserId): string => redisName(`user:${user}`);

/**
 * Time for which the store keeps the data of a game that was ended without its owner, or whose data could not be read, in ms. It is long
 * enough for an operator to inspect the data after a weekend.
 */
export const ENDED_GAME_RETENTION_MS = 3 * 86_400_000;
