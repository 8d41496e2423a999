import { Inject, Injectable } from '@nestjs/common';
import { pack, type RoomId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import type { PendingEffect } from '#libs/room';
import type { WriteResult } from './append.js';
import { EPILOGUE_MS } from './append-calls.js';
import type { EndedGame, LastEffects, LastGame } from './ended-game.js';
import { type Epilogue, unpackEffects, unpackEpilogue } from './epilogue.js';
import { ReplicatedWrites, STATE_RESULTS } from './replicated-writes.js';
import { decodeRoomDoc, encodeRoomDoc } from './room-doc-codec.js';
import {
  checkpointKey,
  closedKey,
  ENDED_GAME_RETENTION_MS,
  effectsKey,
  epilogueKey,
  keptEffectsKey,
  logKey,
  roomKey,
} from './room-keys.js';
import { ROOM_STORE_OPTIONS, type RoomStoreOptions } from './room-store.options.js';
import { suspectEffectOf } from './suspect-marks.js';

const restoreEndScript = new LuaScript('restore_end', new URL('./scripts/restore-end.lua', import.meta.url), 5);

/** The stored data of ended games: pending effects and epilogues. The last append of a game writes both. */
@Injectable()
export class EndedGameStore {
  private readonly writes: ReplicatedWrites;

  constructor(
    private readonly redis: RedisConnections,
    @Inject(ROOM_STORE_OPTIONS) options: RoomStoreOptions,
  ) {
    this.writes = new ReplicatedWrites(redis, options);
  }

  /** Returns the pending effects of ended games. Copies unreadable batches to another key. */
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
    if (unreadable.length > 0) await this.redis.commands.pexpire(keptEffectsKey(room), ENDED_GAME_RETENTION_MS);
    return { batches: Object.keys(byBatch), effects, poisoned, ...(unreadable.length > 0 && { unreadable }) };
  }

  async hasLastEffects(room: RoomId): Promise<boolean> {
    return (await this.redis.commands.exists(effectsKey(room))) === 1;
  }

  async lastEffectsDone(room: RoomId, batches: readonly string[]): Promise<void> {
    if (batches.length > 0) await this.redis.commands.hdel(effectsKey(room), ...batches);
  }

  /** Returns the epilogue of the room's last game. Null: no game has ended lately, or its epilogue cannot be read. */
  async epilogue(room: RoomId): Promise<Epilogue | null> {
    const bytes = await this.redis.commands.getBuffer(epilogueKey(room));
    try {
      return bytes ? unpackEpilogue(bytes) : null;
    } catch {
      // Ignores an epilogue that cannot be read, because players also learn the result of the game from the room's record.
      return null;
    }
  }

  /**
   * Writes the end of a game again into a store that lost this end. `fenced`: the store has a later owner or a later game. `missing`: the
   * store has no record of the room. `unknown`: Redis did not answer, or too few replicas have the write.
   */
  restoreEnd(room: RoomId, { epoch, batch, result, effects, epilogue, rev, doc, round, game }: EndedGame): Promise<WriteResult> {
    const packed = effects.length > 0 ? Buffer.from(pack(effects)) : '';
    const args = [epoch, batch, JSON.stringify(result), packed, Buffer.from(pack(epilogue)), EPILOGUE_MS, rev, encodeRoomDoc(doc), round];
    args.push(game, doc.private ? '1' : '0');
    const keys = [roomKey(room), logKey(room), checkpointKey(room), effectsKey(room), epilogueKey(room)];
    return this.writes.result(restoreEndScript.run(this.redis.appends, keys, args), STATE_RESULTS);
  }

  /** Returns whether the room was closed within the last `CLOSED_MS`. Rejects when the store does not answer. */
  async isClosed(room: RoomId): Promise<boolean> {
    return (await this.redis.appends.exists(closedKey(room))) === 1;
  }

  /** Returns the fields about the last game in the room's record. Null: the room has no record. Rejects when the store does not answer. */
  async lastGame(room: RoomId): Promise<LastGame | null> {
    const [epoch, owner, round, rev, doc] = await this.redis.appends.hmget(roomKey(room), 'epoch', 'owner', 'round', 'rev', 'doc');
    if (rev == null || doc == null) return null;
    return { epoch: Number(epoch ?? 0), owner: owner ?? '', round: Number(round ?? 0), rev: Number(rev), doc: decodeRoomDoc(doc) };
  }
}
