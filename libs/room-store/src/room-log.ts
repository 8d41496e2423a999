import { Inject, Injectable, Optional } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { GameResult, RoomId, ServerId } from '#libs/protocol';
import { HoldfastError, pack } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import type { Change, PendingEffect, RoomValue } from '#libs/room';
import { type AdoptedRoom, type NotAdopted, readAdoption, type UnreadableRoom } from './adopted-room.js';
import type { Append, DocAtRev, Tenure, WriteResult } from './append.js';
import { EPILOGUE_MS } from './append-calls.js';
import { AppendWriter } from './append-writer.js';
import { unpackChanges } from './change-codec.js';
import { packCheckpoint, type ToldTail } from './checkpoint.js';
import type { EndedGame, LastEffects, LastGame } from './ended-game.js';
import { type Epilogue, unpackEffects, unpackEpilogue } from './epilogue.js';
import { execWithin } from './exec-within.js';
import { ReplicatedWrites } from './replicated-writes.js';
import { decodeRoomDoc, encodeRoomDoc } from './room-doc-codec.js';
import {
  checkpointKey,
  closedKey,
  effectsKey,
  epilogueKey,
  keptCheckpointKey,
  keptEffectsKey,
  keptLogKey,
  logKey,
  roomKey,
} from './room-keys.js';
import type { RoomOwnership } from './room-record.js';
import { ROOM_STORE_OPTIONS, type RoomStoreOptions } from './room-store.options.js';
import { StoreGeneration } from './store-generation.js';
import { suspectEffectOf } from './suspect-marks.js';

const openScript = new LuaScript('open_room', new URL('./scripts/open-room.lua', import.meta.url), 3);
const checkpointScript = new LuaScript('checkpoint', new URL('./scripts/checkpoint.lua', import.meta.url), 3);
const adoptScript = new LuaScript('adopt', new URL('./scripts/adopt.lua', import.meta.url), 3);
const handoffScript = new LuaScript('handoff', new URL('./scripts/handoff.lua', import.meta.url), 3);
const nextEpochScript = new LuaScript('next_epoch', new URL('./scripts/next-epoch.lua', import.meta.url), 1);
const reassertScript = new LuaScript('reassert', new URL('./scripts/reassert.lua', import.meta.url), 4);
const restoreEndScript = new LuaScript('restore_end', new URL('./scripts/restore-end.lua', import.meta.url), 5);
const abandonScript = new LuaScript('abandon', new URL('./scripts/abandon.lua', import.meta.url), 5);

/** What an owner writes again of a game that it runs. */
export interface LivingGame extends DocAtRev {
  readonly version: number;
  readonly batch: string;
  /** A packed checkpoint; null: the game is not to outlive its server. */
  readonly state: Uint8Array | null;
  readonly game: string;
  readonly gameVersion?: number;
  readonly durability: string;
  readonly round: number;
  readonly start: string;
}

/** Where a room stands in the store; null: it does not. */
export type RoomStanding = (Tenure & { readonly version: number; readonly status: string }) | null;

/**
 * The form in which this version writes logs and checkpoints. A version that writes another form sets the field `format` of
 * the record; servers that do not know that form leave the room to those that do. Absent means 1.
 */
const LOG_FORMAT = 1;

/** How long the log and the checkpoint of a game are kept that was ended without its owner, in ms: long enough to look at them after a weekend. */
export const KEPT_MS = 3 * 86_400_000;

/** `checkpoint.lua`, `handoff.lua` and `reassert.lua` know no more than these. */
const STATE_RESULTS: readonly WriteResult[] = ['ok', 'fenced', 'behind', 'missing'];

/**
 * The rooms' change logs. Every write is one script that checks epoch, owner and position, so a server that lost a
 * room can no longer change it, and a write whose reply was lost can be sent again as it is.
 */
@Injectable()
export class RoomLog {
  private readonly writes: ReplicatedWrites;
  private readonly appends: AppendWriter;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(ROOM_STORE_OPTIONS) options: RoomStoreOptions,
    /** With it nothing that makes a revision is written before the store is settled, except `appendAll`, whose caller waits. */
    @Optional() private readonly generation?: StoreGeneration,
  ) {
    this.writes = new ReplicatedWrites(redis, options);
    this.appends = new AppendWriter(redis, options, this.writes);
  }

  /**
   * Takes a room whose start is under way; null when `start` is not that start (any more). `news`: what was published of it; absent
   * when it was taken before. Throws `unavailable` before the store is settled.
   */
  async open(
    room: RoomId,
    start: string,
    owner: RoomOwnership,
    value: RoomValue | null,
    durability: string,
    tail: ToldTail | null = null,
  ): Promise<(DocAtRev & { epoch: number; round: number; news?: string }) | null> {
    const checkpoint = value === null ? '' : Buffer.from(packCheckpoint(value, tail));
    const args = [start, owner.server, owner.incarnation, checkpoint, durability, value?.gameVersion ?? ''];
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
   * `isVolatile`: no log leads to this state (durability `checkpoint`, or it was brought to another version of its game,
   * `gameVersion`), so the checkpoint moves the version. `isReplicated`: it counts only once as many replicas have it as
   * `DURABILITY_REPLICAS` says.
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
   * Takes a room whose record is exactly as expected; the old owner is fenced before anything is read.
   * `downtimeMs`: since when it had no owner; kept until the room's next change, which is to say so (`paused`).
   * Rejects when Redis does not answer: the outcome is unknown then, and the record says who owns the room. Throws
   * `unavailable` before the store is settled. Throws `unknown-game`, and takes nothing, where the log is of a version of Holdfast that wrote it in another way.
   * An `UnreadableRoom` was taken, too: nobody else writes to it, and its game can only be ended (`abandon`).
   */
  async adopt(
    room: RoomId,
    expected: Tenure,
    owner: RoomOwnership,
    epochMin = 0,
    downtimeMs = 0,
  ): Promise<AdoptedRoom | NotAdopted | UnreadableRoom> {
    const { server, incarnation } = owner;
    const args = [expected.epoch, expected.server, expected.incarnation, server, incarnation, epochMin, Math.round(downtimeMs), LOG_FORMAT];
    this.generation?.refuseUnsettled();
    const answer = (await adoptScript.runBinary(this.redis.appends, [roomKey(room), logKey(room), checkpointKey(room)], args)) as Buffer[];
    if (String(answer[0]) === 'log') throw new HoldfastError('unknown-game', 'Another version of Holdfast wrote the log of this room.');
    if (String(answer[0]) === '0') {
      const [, server, incarnation, epoch, status] = answer.map(String);
      return { owner: server ? { server: server as ServerId, incarnation: Number(incarnation) } : null, epoch: Number(epoch), status };
    }
    // What this adoption reads may be the last append of the old owner: no more durable than the adoption is.
    await this.writes.wait();
    return readAdoption(answer);
  }

  /** Effects of a game that has ended, which nobody is known to have finished. */
  async lastEffects(room: RoomId): Promise<LastEffects> {
    const byBatch = await this.redis.commands.hgetallBuffer(effectsKey(room));
    const effects: PendingEffect[] = [];
    const poisoned: string[] = [];
    const unreadable: string[] = [];
    for (const [batch, bytes] of Object.entries(byBatch)) {
      const suspect = suspectEffectOf(batch);
      if (suspect !== null) {
        poisoned.push(suspect);
        continue;
      }
      try {
        effects.push(...unpackEffects(bytes));
      } catch {
        unreadable.push(batch);
        await this.redis.commands.hset(keptEffectsKey(room), batch, bytes);
      }
    }
    if (unreadable.length > 0) await this.redis.commands.pexpire(keptEffectsKey(room), KEPT_MS);
    return { batches: Object.keys(byBatch), effects, poisoned, ...(unreadable.length > 0 && { unreadable }) };
  }

  async hasLastEffects(room: RoomId): Promise<boolean> {
    return (await this.redis.commands.exists(effectsKey(room))) === 1;
  }

  async lastEffectsDone(room: RoomId, batches: readonly string[]): Promise<void> {
    if (batches.length > 0) await this.redis.commands.hdel(effectsKey(room), ...batches);
  }

  /** Null when no game has ended here lately, or it left nothing that can be read. */
  async epilogue(room: RoomId): Promise<Epilogue | null> {
    const bytes = await this.redis.commands.getBuffer(epilogueKey(room));
    try {
      return bytes ? unpackEpilogue(bytes) : null;
    } catch {
      // The lobby says that the game is over, and how.
      return null;
    }
  }

  /**
   * The last changes that are kept, oldest first, at most `limit`; the log reaches back to the last checkpoint.
   * Throws `not-found` where they cannot be read.
   */
  async recent(room: RoomId, limit: number): Promise<readonly Change[]> {
    const entries = await this.redis.commands.lrangeBuffer(logKey(room), -limit, -1);
    try {
      return unpackChanges(Buffer.concat(entries)).changes;
    } catch (cause) {
      throw new HoldfastError('not-found', 'The log of this room cannot be read.', { cause });
    }
  }

  /** An epoch for the room's next owner, by the store's clock: above any that was given out. Rejects when the store does not answer. */
  async nextEpoch(room: RoomId, epoch: number): Promise<number> {
    return Number(await nextEpochScript.run(this.redis.appends, [roomKey(room)], [epoch]));
  }

  /** @param now the room's time, in ms since 1970. */
  handoff(room: RoomId, tenure: Tenure, version: number, state: Uint8Array, to: Tenure, now: number): Promise<WriteResult> {
    const { epoch, server, incarnation } = tenure;
    const args = [epoch, server, incarnation, version, to.epoch, to.server, to.incarnation, Buffer.from(state), now];
    return this.writes.result(
      handoffScript.run(this.redis.appends, [roomKey(room), logKey(room), checkpointKey(room)], args),
      STATE_RESULTS,
    );
  }

  /**
   * Writes a game again that lives here, into a store that lost some or all of it. `fenced`: the store has another owner, or
   * knows that the game or the room is over.
   */
  reassert(room: RoomId, tenure: Tenure, living: LivingGame): Promise<WriteResult> {
    const { version, batch, state, doc, rev, game, gameVersion, durability, round, start } = living;
    const { epoch, server, incarnation } = tenure;
    const packed = state === null ? '' : Buffer.from(state);
    const args = [epoch, server, incarnation, version, batch, packed, encodeRoomDoc(doc), game, durability, round, start];
    args.push(gameVersion ?? '', rev, doc.private ? '1' : '0');
    const keys = [roomKey(room), logKey(room), checkpointKey(room), closedKey(room)];
    return this.writes.result(reassertScript.run(this.redis.appends, keys, args), STATE_RESULTS);
  }

  /**
   * Writes the end of a game again, into a store that lost it. `fenced`: the store has a later owner or a later game. `missing`:
   * there is no record of the room.
   */
  restoreEnd(room: RoomId, { epoch, batch, result, effects, epilogue, rev, doc, round, game }: EndedGame): Promise<WriteResult> {
    const packed = effects.length > 0 ? Buffer.from(pack(effects)) : '';
    const args = [epoch, batch, JSON.stringify(result), packed, Buffer.from(pack(epilogue)), EPILOGUE_MS, rev, encodeRoomDoc(doc), round];
    args.push(game, doc.private ? '1' : '0');
    const keys = [roomKey(room), logKey(room), checkpointKey(room), effectsKey(room), epilogueKey(room)];
    return this.writes.result(restoreEndScript.run(this.redis.appends, keys, args), STATE_RESULTS);
  }

  /** Null: there is no record of the room. Rejects when the store does not answer. */
  async lastGame(room: RoomId): Promise<LastGame | null> {
    const [epoch, owner, round, rev, doc] = await this.redis.appends.hmget(roomKey(room), 'epoch', 'owner', 'round', 'rev', 'doc');
    if (rev == null || doc == null) return null;
    return { epoch: Number(epoch ?? 0), owner: owner ?? '', round: Number(round ?? 0), rev: Number(rev), doc: decodeRoomDoc(doc) };
  }

  /** What the store says of rooms, for owners who compare. Rejects when it does not answer. */
  async standings(rooms: readonly RoomId[]): Promise<RoomStanding[]> {
    const client = this.redis.appends;
    const fields = ['epoch', 'owner', 'incarnation', 'version', 'status'] as const;
    if (!(client instanceof Redis)) return Promise.all(rooms.map(async (room) => standingOf(await client.hmget(roomKey(room), ...fields))));
    const pipeline = client.pipeline();
    for (const room of rooms) pipeline.hmget(roomKey(room), ...fields);
    const replies = await execWithin(pipeline);
    return rooms.map((_, index) => {
      const [error, values] = replies[index] ?? [new Error('no reply'), null];
      if (error) throw error;
      return standingOf(values as (string | null)[]);
    });
  }

  /**
   * Ends the game of a room at the store, with a reason and without running any code of the game: its owner is gone, or its
   * state cannot or must not be brought back. Its players are told `result` and are back in the lobby's room. An owner that
   * lives after all is fenced. Log and checkpoint are kept for `KEPT_MS` beside the room.
   * False where the record is not as expected (any more): somebody else has taken the room, or ended the game.
   * Throws `unavailable` before the store is settled.
   */
  async abandon(room: RoomId, expected: Tenure, result: GameResult): Promise<boolean> {
    const args = [expected.epoch, expected.server, expected.incarnation, JSON.stringify(result), KEPT_MS];
    const keys = [roomKey(room), logKey(room), checkpointKey(room), keptLogKey(room), keptCheckpointKey(room)];
    this.generation?.refuseUnsettled();
    return (await abandonScript.run(this.redis.appends, keys, args)) === 1;
  }
}

function standingOf([epoch, server, incarnation, version, status]: readonly (string | null)[]): RoomStanding {
  if (epoch == null) return null;
  return {
    epoch: Number(epoch),
    server: (server ?? '') as ServerId,
    incarnation: Number(incarnation ?? 0),
    version: Number(version ?? 0),
    status: status ?? '',
  };
}
