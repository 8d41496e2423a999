import { Inject, Injectable, Optional } from '@nestjs/common';
import type { ChainableCommander } from 'ioredis';
import { Redis } from 'ioredis';
import type { GameResult, RoomId, ServerId } from '#libs/protocol';
import { HoldfastError, pack } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import type { Change, PendingEffect, RoomValue } from '#libs/room';
import { type AppendCall, callsOf, codesOf, EPILOGUE_MS } from './append-calls.js';
import { type PackedChanges, unpackChanges } from './change-codec.js';
import { type Checkpoint, packCheckpoint, type ToldTail, unpackCheckpoint } from './checkpoint.js';
import { type Epilogue, unpackEffects, unpackEpilogue } from './epilogue.js';
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
import type { RoomDoc, RoomOwnership } from './room-record.js';
import { StoreGeneration } from './store-generation.js';
import { readSuspect, type SuspectInput, suspectEffectOf } from './suspect-marks.js';
import { joinTakeovers, readTakeovers, type Takeover } from './takeovers.js';

const openScript = new LuaScript('open_room', new URL('./scripts/open-room.lua', import.meta.url), 3);
const checkpointScript = new LuaScript('checkpoint', new URL('./scripts/checkpoint.lua', import.meta.url), 3);
const adoptScript = new LuaScript('adopt', new URL('./scripts/adopt.lua', import.meta.url), 3);
const handoffScript = new LuaScript('handoff', new URL('./scripts/handoff.lua', import.meta.url), 3);
const nextEpochScript = new LuaScript('next_epoch', new URL('./scripts/next-epoch.lua', import.meta.url), 1);
const reassertScript = new LuaScript('reassert', new URL('./scripts/reassert.lua', import.meta.url), 4);
const restoreEndScript = new LuaScript('restore_end', new URL('./scripts/restore-end.lua', import.meta.url), 5);
const abandonScript = new LuaScript('abandon', new URL('./scripts/abandon.lua', import.meta.url), 5);

/** The right to write to a room's log: who, and with which fencing token. */
export interface Tenure extends RoomOwnership {
  readonly epoch: number;
}

/** What a conditional write answers. `unknown`: no answer came; repeat the very same write, never a new one. */
export type WriteResult = 'ok' | 'fenced' | 'behind' | 'missing' | 'conflict' | 'unknown';

export interface Append {
  readonly room: RoomId;
  readonly tenure: Tenure;
  /** The room's version before the first change; null where the log is not kept and any will do (only with `ended`). */
  readonly from: number | null;
  /** The changes, each as `packChange` makes it; none with `ended`. */
  readonly entries: readonly Uint8Array[];
  /** Names this append among all: its own repeat is told from another writer's. */
  readonly batch: string;
  /** Set when the last change ends the game: the log is not written, the room goes back to the lobby. */
  readonly ended?: GameResult;
  readonly lastEffects?: readonly PendingEffect[];
  readonly epilogue?: Epilogue;
  /** With `ended`: called with the record's document as it is once the store has the end, also when the append is repeated. */
  readonly onEnded?: (record: DocAtRev) => void;
}

/** The lobby's part of a record, and the revision that names this content. */
export interface DocAtRev {
  readonly doc: RoomDoc;
  readonly rev: number;
}

/** The record of a room, as far as it says whose the last game was. */
export interface LastGame extends DocAtRev {
  readonly epoch: number;
  /** '': nobody owns the room. */
  readonly owner: string;
  /** Games that were played to their end. */
  readonly round: number;
}

/** A game that has ended, as its last owner knows it. */
export interface EndedGame extends DocAtRev {
  readonly epoch: number;
  readonly batch: string;
  readonly result: GameResult;
  /** Effects that are not done yet. */
  readonly effects: readonly PendingEffect[];
  readonly epilogue: Epilogue | null;
  /** Games that were played to their end in the room, this one among them. */
  readonly round: number;
  readonly game: string;
}

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

export interface AdoptedRoom {
  readonly epoch: number;
  readonly version: number;
  readonly batch: string;
  readonly round: number;
  readonly start: string;
  /** How long nobody owned it before `aloneMs`, in ms: an owner in between died before it said so. */
  readonly pausedMs: number;
  /** Null when nothing was stored (durability `none`). */
  readonly checkpoint: Checkpoint | null;
  /** What the log holds. */
  readonly log: PackedChanges;
  readonly doc: RoomDoc;
  /** The record's revision after the adoption. */
  readonly rev: number;
  /** The last input that cost the room an owner: it must not run again. Null: none did. */
  readonly poison: SuspectInput | null;
  /** How many owners inputs of this room cost. */
  readonly losses: number;
  /** The room's time now, in ms since 1970, where it was handed to this owner by plan; null: it was not. */
  readonly handedAt: number | null;
  /** The takeovers of this game, this one among them unless it was handed over by plan; both numbers rise from one to the next. */
  readonly takeovers: readonly Takeover[];
}

/** The room was taken, in this epoch, but what is stored of it cannot be read. */
export interface UnreadableRoom {
  readonly epoch: number;
  /** Why, for a log line. */
  readonly unreadable: string;
}

/** Where a room stands in the store; null: it does not. */
export type RoomStanding = (Tenure & { readonly version: number; readonly status: string }) | null;

/** The record was not as expected; this is what it holds now. */
export interface NotAdopted {
  readonly owner: RoomOwnership | null;
  readonly epoch: number;
  readonly status: string;
}

/** By the last append of each game: a room may have ended a second game while effects of the first are tried again. */
export interface LastEffects {
  readonly batches: readonly string[];
  readonly effects: readonly PendingEffect[];
  /** Keys of those that cost a server: they must not run again. */
  readonly poisoned: readonly string[];
  /** Batches that cannot be read. They are among `batches`, and were put aside. */
  readonly unreadable?: readonly string[];
}

export const ROOM_STORE_OPTIONS = Symbol('RoomStoreOptions');

export interface RoomStoreOptions {
  /** Replicas of Redis that must have a write before it counts (`DURABILITY_REPLICAS`). */
  readonly replicas: number;
  /** How long one wait for them may take, in ms. */
  readonly replicasTimeoutMs: number;
}

/** Longer than a command's own timeout: it only catches a pipeline that never settles. */
const PIPELINE_TIMEOUT_MS = 5_000;

/**
 * The form in which this version writes logs and checkpoints. A version that writes another form sets the field `format` of
 * the record; servers that do not know that form leave the room to those that do. Absent means 1.
 */
const LOG_FORMAT = 1;

/** How long the log and the checkpoint of a game are kept that was ended without its owner, in ms: long enough to look at them after a weekend. */
export const KEPT_MS = 3 * 86_400_000;

const WRITE_RESULTS: readonly WriteResult[] = ['ok', 'fenced', 'behind', 'missing', 'conflict'];
/** `checkpoint.lua`, `handoff.lua` and `reassert.lua` know no more than these. */
const STATE_RESULTS: readonly WriteResult[] = ['ok', 'fenced', 'behind', 'missing'];

/**
 * The rooms' change logs. Every write is one script that checks epoch, owner and position, so a server that lost a
 * room can no longer change it, and a write whose reply was lost can be sent again as it is.
 */
@Injectable()
export class RoomLog {
  constructor(
    private readonly redis: RedisConnections,
    @Inject(ROOM_STORE_OPTIONS) private readonly options: RoomStoreOptions,
    /** With it nothing that makes a revision is written before the store is settled, except `appendAll`, whose caller waits. */
    @Optional() private readonly generation?: StoreGeneration,
  ) {}

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
    await this.replicated();
    return { epoch: Number(epoch), round: Number(round), doc: decodeRoomDoc(doc), rev: Number(rev), ...(news && { news }) };
  }

  /** All appends of a turn, in a few calls. Never rejects: an append without an answer is `unknown`. */
  async appendAll(appends: readonly Append[]): Promise<WriteResult[]> {
    const client = this.redis.appends;
    if (!(client instanceof Redis)) {
      const calls = callsOf(appends, 1);
      const results = calls.map((call) =>
        this.written(
          call.script.run(client, call.keys, call.args).then((answer) => codesOf(call, answer)[0]),
          WRITE_RESULTS,
        ),
      );
      return inOrder(appends, calls, await Promise.all(results.map(async (result) => [await result])));
    }
    const calls = callsOf(appends);
    const results = await this.call(client, calls);
    // A call breaks off at the room that the store fails at: those before it are stored, and say so when asked again.
    const broken = calls.filter((call, index) => results[index] === null && call.appends.length > 1);
    const alone = broken.flatMap((call) => call.appends.map((index) => appends[index]));
    const again = alone.length > 0 ? await this.call(client, callsOf(alone, 1)) : [];
    let next = 0;
    return inOrder(
      appends,
      calls,
      calls.map(
        (call, index) => results[index] ?? call.appends.map(() => (call.appends.length > 1 ? again[next++]?.[0] : null) ?? 'unknown'),
      ),
    );
  }

  /** By call, what became of each of its appends; null where the call itself failed at the store. */
  private async call(client: Redis, calls: readonly AppendCall[]): Promise<(WriteResult[] | null)[]> {
    const { replicas, replicasTimeoutMs } = this.options;
    if (replicas === 0) return Promise.all(calls.map((call) => resultsOf(call, client)));
    const pipeline = client.pipeline();
    for (const { script, keys, args } of calls) script.queue(client, pipeline, keys, args);
    (pipeline as unknown as { wait(replicas: number, ms: number): void }).wait(replicas, replicasTimeoutMs);
    const replies = await execWithin(pipeline, PIPELINE_TIMEOUT_MS + replicasTimeoutMs);
    const isReplicated = Number(replies[calls.length]?.[1] ?? 0) >= replicas;
    return calls.map((call, index) => {
      const [error, answer] = replies[index] ?? [new Error('no reply'), null];
      if (error) return failed(call, error);
      // Stored here, but not where it was promised to be: the same append again will say ok and wait again.
      return written(call, answer).map((result) => (!isReplicated && result === 'ok' ? 'unknown' : result));
    });
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
    const result = await this.written(checkpointScript.run(this.redis.appends, keys, args), STATE_RESULTS);
    if (result !== 'ok' || !isReplicated) return result;
    return this.replicated().then(
      () => 'ok',
      () => 'unknown',
    );
  }

  /**
   * Takes a room whose record is exactly as expected; the old owner is fenced before anything is read.
   * `aloneMs`: since when it had no owner; kept until the room's next change, which is to say so (`paused`).
   * Rejects when Redis does not answer: the outcome is unknown then, and the record says who owns the room. Throws
   * `unavailable` before the store is settled. Throws `unknown-game`, and takes nothing, where the log is of a version of Holdfast that wrote it in another way.
   * An `UnreadableRoom` was taken, too: nobody else writes to it, and its game can only be ended (`abandon`).
   */
  async adopt(
    room: RoomId,
    expected: Tenure,
    owner: RoomOwnership,
    epochMin = 0,
    aloneMs = 0,
  ): Promise<AdoptedRoom | NotAdopted | UnreadableRoom> {
    const { server, incarnation } = owner;
    const args = [expected.epoch, expected.server, expected.incarnation, server, incarnation, epochMin, Math.round(aloneMs), LOG_FORMAT];
    this.generation?.refuseUnsettled();
    const answer = (await adoptScript.runBinary(this.redis.appends, [roomKey(room), logKey(room), checkpointKey(room)], args)) as Buffer[];
    if (String(answer[0]) === 'log') throw new HoldfastError('unknown-game', 'Another version of Holdfast wrote the log of this room.');
    if (String(answer[0]) === '0') {
      const [, server, incarnation, epoch, status] = answer.map(String);
      return { owner: server ? { server: server as ServerId, incarnation: Number(incarnation) } : null, epoch: Number(epoch), status };
    }
    // What this adoption reads may be the last append of the old owner: no more durable than the adoption is.
    await this.replicated();
    const [epoch, version, batch, checkpoint, log, doc, round, start, pausedMs, poison, losses, handedAt, takeovers, rev] = answer;
    try {
      const stored = checkpoint.length > 0 ? unpackCheckpoint(checkpoint) : null;
      return {
        epoch: Number(String(epoch)),
        version: Number(String(version)),
        batch: String(batch),
        round: Number(String(round)),
        start: String(start),
        pausedMs: Number(String(pausedMs)),
        checkpoint: stored,
        log: unpackChanges(log),
        doc: decodeRoomDoc(String(doc)),
        rev: Number(String(rev)),
        poison: readSuspect(String(poison)),
        losses: Number(String(losses)),
        handedAt: handedAt.length > 0 ? Number(String(handedAt)) : null,
        takeovers: joinTakeovers(stored?.tail?.takeovers ?? [], readTakeovers(String(takeovers))),
      };
    } catch (error) {
      return { epoch: Number(String(epoch)), unreadable: String(error) };
    }
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
    return this.written(handoffScript.run(this.redis.appends, [roomKey(room), logKey(room), checkpointKey(room)], args), STATE_RESULTS);
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
    return this.written(reassertScript.run(this.redis.appends, keys, args), STATE_RESULTS);
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
    return this.written(restoreEndScript.run(this.redis.appends, keys, args), STATE_RESULTS);
  }

  /** Null: there is no record of the room. Rejects when the store does not answer. */
  async lastGame(room: RoomId): Promise<LastGame | null> {
    const [epoch, owner, round, rev, doc] = await this.redis.appends.hmget(roomKey(room), 'epoch', 'owner', 'round', 'rev', 'doc');
    if (rev == null || doc == null) return null;
    return { epoch: Number(epoch ?? 0), owner: owner ?? '', round: Number(round ?? 0), rev: Number(rev), doc: decodeRoomDoc(doc) };
  }

  private async written(reply: Promise<unknown>, results: readonly WriteResult[]): Promise<WriteResult> {
    try {
      const result = results[(await reply) as number] ?? 'unknown';
      if (result === 'ok') await this.replicated();
      return result;
    } catch {
      return 'unknown';
    }
  }

  /** Rejects when the last writes of this connection are not at as many replicas as they were promised to be. */
  private async replicated(): Promise<void> {
    const { replicas, replicasTimeoutMs } = this.options;
    // In a Cluster a WAIT would have to follow its write to the same node; settings refuse to ask for it there.
    const client = this.redis.appends;
    if (replicas === 0 || !(client instanceof Redis)) return;
    if ((await client.wait(replicas, replicasTimeoutMs)) < replicas)
      throw new HoldfastError('unavailable', 'Too few replicas of Redis have this write.');
  }

  /** What the store says of rooms, for owners who compare. Rejects when it does not answer. */
  async standings(rooms: readonly RoomId[]): Promise<RoomStanding[]> {
    const client = this.redis.appends;
    const fields = ['epoch', 'owner', 'incarnation', 'version', 'status'] as const;
    if (!(client instanceof Redis)) return Promise.all(rooms.map(async (room) => standingOf(await client.hmget(roomKey(room), ...fields))));
    const pipeline = client.pipeline();
    for (const room of rooms) pipeline.hmget(roomKey(room), ...fields);
    const replies = await execWithin(pipeline, PIPELINE_TIMEOUT_MS);
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

async function resultsOf(call: AppendCall, client: Redis): Promise<WriteResult[] | null> {
  try {
    return written(call, await call.script.runWritten(client, call.keys, call.args));
  } catch (error) {
    return failed(call, error as Error);
  }
}

function written(call: AppendCall, answer: unknown): WriteResult[] {
  return codesOf(call, answer).map((code) => WRITE_RESULTS[code as number] ?? 'unknown');
}

/** Null: the store has refused it. Else nobody knows. */
function failed({ appends }: AppendCall, error: Error): WriteResult[] | null {
  return error.name === 'ReplyError' ? null : appends.map(() => 'unknown');
}

function inOrder(appends: readonly Append[], calls: readonly AppendCall[], results: readonly (readonly WriteResult[])[]): WriteResult[] {
  const inOrder: WriteResult[] = appends.map(() => 'unknown');
  calls.forEach((call, at) => {
    call.appends.forEach((index, part) => {
      inOrder[index] = results[at][part] ?? 'unknown';
    });
  });
  return inOrder;
}

type Replies = [error: Error | null, result: unknown][];

/** ioredis 6 has ways never to settle a pipeline whose connection broke; nothing of ours may wait for ever. */
async function execWithin(pipeline: ChainableCommander, timeoutMs: number): Promise<Replies> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<Replies>((resolve) => {
    timer = setTimeout(() => resolve([]), timeoutMs);
  });
  try {
    return await Promise.race([pipeline.exec().then((replies) => (replies ?? []) as Replies), timeout]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}
