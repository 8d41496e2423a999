import { Inject, Injectable, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { GameResult, RoomId, ServerId } from '#libs/protocol';
import { HoldfastError } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import type { Change, RoomValue } from '#libs/room';
import { type AdoptedRoom, type NotAdopted, readAdoption, type UnreadableRoom } from './adopted-room.js';
import type { Append, DocAtRev, Tenure, WriteResult } from './append.js';
import { AppendWriter } from './append-writer.js';
import { unpackChanges } from './change-codec.js';
import { type ChangeLogFormat, LOG_FORMAT_MAX } from './change-log-format.js';
import { type EventTail, packCheckpoint } from './checkpoint.js';
import { execWithin } from './exec-within.js';
import { ReplicatedWrites, STATE_RESULTS } from './replicated-writes.js';
import { decodeRoomDoc, encodeRoomDoc } from './room-doc-codec.js';
import { checkpointKey, closedKey, ENDED_GAME_RETENTION_MS, keptCheckpointKey, keptLogKey, logKey, roomKey } from './room-keys.js';
import type { RoomOwnership } from './room-record.js';
import { ROOM_STORE_OPTIONS, type RoomStoreOptions } from './room-store.options.js';
import { StoreGeneration } from './store-generation.js';

const openScript = new LuaScript('open_room', new URL('./scripts/open-room.lua', import.meta.url), 3);
const checkpointScript = new LuaScript('checkpoint', new URL('./scripts/checkpoint.lua', import.meta.url), 3);
const adoptScript = new LuaScript('adopt', new URL('./scripts/adopt.lua', import.meta.url), 3);
const handoffScript = new LuaScript('handoff', new URL('./scripts/handoff.lua', import.meta.url), 3);
const nextEpochScript = new LuaScript('next_epoch', new URL('./scripts/next-epoch.lua', import.meta.url), 1);
const reassertScript = new LuaScript('reassert', new URL('./scripts/reassert.lua', import.meta.url), 4);
const abandonScript = new LuaScript('abandon', new URL('./scripts/abandon.lua', import.meta.url), 5);

/** The data with which an owner writes its running game into a store that lost the game. */
export interface LivingGame extends DocAtRev {
  readonly version: number;
  readonly batch: string;
  /** A packed checkpoint. Null: the game has the durability `none`. */
  readonly state: Uint8Array | null;
  readonly game: string;
  readonly gameVersion?: number;
  readonly durability: string;
  readonly round: number;
  readonly start: string;
  /** The format of the changes that the owner will append. Absent: 1. */
  readonly format?: ChangeLogFormat;
}

/** The fields of a room's record that an owner compares with its own values. Null: the store has no record of the room. */
export type StoredTenure = (Tenure & { readonly version: number; readonly status: string }) | null;

/**
 * The change logs of rooms. Every write is one script that checks epoch, owner and version. So a former owner cannot change the room, and a
 * write without an answer can be repeated.
 */
@Injectable()
export class RoomLog {
  private readonly writes: ReplicatedWrites;
  private readonly appends: AppendWriter;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(ROOM_STORE_OPTIONS) options: RoomStoreOptions,
    /**
     * Until the store is settled, `open`, `adopt` and `abandon` are refused. `appendAll` is not refused, because its caller waits itself.
     * Absent: nothing is refused.
     */
    @Optional() private readonly generation?: StoreGeneration,
  ) {
    this.writes = new ReplicatedWrites(redis, options);
    this.appends = new AppendWriter(redis, options, this.writes);
  }

  /**
   * Makes `owner` the owner of a room whose game is starting. Null: `start` is not the id of the room's current start, or another server
   * has opened the room. `news`: the published message, absent when `owner` had already opened the room.
   *
   * @throws `unavailable` before the store is settled, and when too few replicas have the write in time
   */
  async open(
    room: RoomId,
    start: string,
    owner: RoomOwnership,
    value: RoomValue | null,
    durability: string,
    tail: EventTail | null = null,
    format: ChangeLogFormat = 1,
  ): Promise<(DocAtRev & { epoch: number; round: number; news?: string }) | null> {
    const checkpoint = value === null ? '' : Buffer.from(packCheckpoint(value, tail));
    const args = [start, owner.server, owner.incarnation, checkpoint, durability, value?.gameVersion ?? '', format];
    const keys = [roomKey(room), logKey(room), checkpointKey(room)];
    this.generation?.refuseUnsettled();
    const answer = (await openScript.run(this.redis.appends, keys, args)) as [string, string, string, string, string?];
    const [epoch, round, doc, rev, news] = answer;
    if (epoch === '0') return null;
    await this.writes.wait();
    return { epoch: Number(epoch), round: Number(round), doc: decodeRoomDoc(doc), rev: Number(rev), ...(news && { news }) };
  }

  /** Writes the changes of many rooms in a few calls. Never rejects: the result of an append without an answer is `unknown`. */
  appendAll(appends: readonly Append[]): Promise<WriteResult[]> {
    return this.appends.writeAll(appends);
  }

  /**
   * Replaces the checkpoint of a room, and removes the changes up to it from the log. `isVolatile`: no log leads to this state, because of
   * durability `checkpoint` or a schema upgrade to `gameVersion`. So the checkpoint also sets the version. `isReplicated`: the result is
   * `ok` only once `DURABILITY_REPLICAS` replicas have the write.
   */
  async checkpoint(
    room: RoomId,
    tenure: Tenure,
    state: Uint8Array,
    version: number,
    isVolatile: boolean,
    { gameVersion, isReplicated = false }: { readonly gameVersion?: number; readonly isReplicated?: boolean } = {},
  ): Promise<WriteResult> {
    const { epoch, server, incarnation } = tenure;
    const args = [epoch, server, incarnation, version, Buffer.from(state), isVolatile ? '1' : '0', gameVersion ?? ''];
    const keys = [roomKey(room), logKey(room), checkpointKey(room)];
    const result = await this.writes.result(checkpointScript.run(this.redis.appends, keys, args), STATE_RESULTS);
    if (result !== 'ok' || !isReplicated) return result;
    return this.writes.wait().then(
      () => 'ok',
      () => 'unknown',
    );
  }

  /**
   * Makes `owner` the owner of a room whose record is as expected. Fences the old owner before it reads the log. `downtimeMs`: the time
   * without an owner, in ms. The record has this time until the next change records it (`paused`). `formats`: the formats above 1 in which
   * the new owner stores its games. After the result `UnreadableRoom`, `owner` owns the room, but can only end its game (`abandon`).
   * Rejects when Redis does not answer. The record then shows which server owns the room.
   * @throws `unavailable` before the store is settled, and when too few replicas have the write in time; `unknown-game`, without a write,
   * when this version of Holdfast cannot read the log
   */
  async adopt(
    room: RoomId,
    expected: Tenure,
    owner: RoomOwnership,
    epochMin = 0,
    downtimeMs = 0,
    formats: ReadonlyMap<string, ChangeLogFormat> = new Map(),
  ): Promise<AdoptedRoom | NotAdopted | UnreadableRoom> {
    const { server, incarnation } = owner;
    const { epoch, server: oldServer, incarnation: oldIncarnation } = expected;
    const downtime = Math.round(downtimeMs);
    const known = [...formats].map(([game, format]) => `${game}=${format} `).join('');
    const args = [epoch, oldServer, oldIncarnation, server, incarnation, epochMin, downtime, LOG_FORMAT_MAX, ` ${known}`];
    this.generation?.refuseUnsettled();
    const answer = (await adoptScript.runBinary(this.redis.appends, [roomKey(room), logKey(room), checkpointKey(room)], args)) as Buffer[];
    if (String(answer[0]) === 'log') throw new HoldfastError('unknown-game', 'Another version of Holdfast wrote the log of this room.');
    if (String(answer[0]) === '0') {
      const [, server, incarnation, epoch, status = ''] = answer.map(String);
      return { owner: server ? { server: server as ServerId, incarnation: Number(incarnation) } : null, epoch: Number(epoch), status };
    }
    // Waits for the replicas. Replicas that have the adoption also have the last append of the old owner, which the adoption may have read.
    await this.writes.wait();
    return readAdoption(answer);
  }

  /**
   * Returns at most `limit` of the latest changes in the log, oldest first. The log begins at the last checkpoint.
   * @throws `not-found` when the changes cannot be read
   */
  async recent(room: RoomId, limit: number): Promise<readonly Change[]> {
    const entries = await this.redis.commands.lrangeBuffer(logKey(room), -limit, -1);
    try {
      return unpackChanges(Buffer.concat(entries)).changes;
    } catch (cause) {
      throw new HoldfastError('not-found', 'The log of this room cannot be read.', { cause });
    }
  }

  /**
   * Returns a new epoch for the room's next owner, based on store time and above all earlier epochs. Rejects when the store does not
   * answer.
   */
  async nextEpoch(room: RoomId, epoch: number): Promise<number> {
    return Number(await nextEpochScript.run(this.redis.appends, [roomKey(room)], [epoch]));
  }

  /**
   * Writes the handoff of a room in a migration: `to` becomes the owner, with the whole state.
   *
   * @param now the room time, in ms since 1970
   * @param format the format of the state. Formats below 3 differ only in the log, which is empty after the handoff
   */
  handoff(
    room: RoomId,
    tenure: Tenure,
    version: number,
    state: Uint8Array,
    to: Tenure,
    now: number,
    format: ChangeLogFormat = 1,
  ): Promise<WriteResult> {
    const { epoch, server, incarnation } = tenure;
    const args = [
      epoch,
      server,
      incarnation,
      version,
      to.epoch,
      to.server,
      to.incarnation,
      Buffer.from(state),
      now,
      format >= 3 ? format : '',
    ];
    return this.writes.result(
      handoffScript.run(this.redis.appends, [roomKey(room), logKey(room), checkpointKey(room)], args),
      STATE_RESULTS,
    );
  }

  /**
   * Restores a running game of this owner in a store that lost the game or a part of it. `fenced`: the store has another owner, or the game
   * or the room is over. `unknown`: Redis did not answer, or too few replicas have the write.
   */
  reassert(room: RoomId, tenure: Tenure, living: LivingGame): Promise<WriteResult> {
    const { version, batch, state, doc, rev, game, gameVersion, durability, round, start, format = 1 } = living;
    const { epoch, server, incarnation } = tenure;
    const packed = state === null ? '' : Buffer.from(state);
    const args = [epoch, server, incarnation, version, batch, packed, encodeRoomDoc(doc), game, durability, round, start];
    args.push(gameVersion ?? '', rev, doc.private ? '1' : '0', format);
    const keys = [roomKey(room), logKey(room), checkpointKey(room), closedKey(room)];
    return this.writes.result(reassertScript.run(this.redis.appends, keys, args), STATE_RESULTS);
  }

  /** Returns the stored owner, version and status of each room, in order. Rejects when the store does not answer. */
  async readTenures(rooms: readonly RoomId[]): Promise<StoredTenure[]> {
    const client = this.redis.appends;
    const fields = ['epoch', 'owner', 'incarnation', 'version', 'status'] as const;
    if (!(client instanceof Redis))
      return Promise.all(rooms.map(async (room) => storedTenureOf(await client.hmget(roomKey(room), ...fields))));
    const pipeline = client.pipeline();
    for (const room of rooms) pipeline.hmget(roomKey(room), ...fields);
    const replies = await execWithin(pipeline);
    return rooms.map((_, index) => {
      const [error, values] = replies[index] ?? [new Error('no reply'), null];
      if (error) throw error;
      return storedTenureOf(values as (string | null)[]);
    });
  }

  /**
   * Ends the game of a room in the store, with a reason, without running code of the game. Use it when the owner is gone, or the state
   * cannot or must not be restored. The players receive `result` and return to the waiting room. An owner that is still alive is fenced.
   * The store keeps log and checkpoint for `ENDED_GAME_RETENTION_MS`. Returns false when another server owns the room or has ended the
   * game.
   *
   * @throws `unavailable` before the store is settled
   */
  async abandon(room: RoomId, expected: Tenure, result: GameResult): Promise<boolean> {
    const args = [expected.epoch, expected.server, expected.incarnation, JSON.stringify(result), ENDED_GAME_RETENTION_MS];
    const keys = [roomKey(room), logKey(room), checkpointKey(room), keptLogKey(room), keptCheckpointKey(room)];
    this.generation?.refuseUnsettled();
    return (await abandonScript.run(this.redis.appends, keys, args)) === 1;
  }
}

function storedTenureOf([epoch, server, incarnation, version, status]: readonly (string | null)[]): StoredTenure {
  if (epoch == null) return null;
  return {
    epoch: Number(epoch),
    server: (server ?? '') as ServerId,
    incarnation: Number(incarnation ?? 0),
    version: Number(version ?? 0),
    status: status ?? '',
  };
}
