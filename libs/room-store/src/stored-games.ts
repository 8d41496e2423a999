import { Injectable } from '@nestjs/common';
import { HoldfastError, type RoomId } from '#libs/protocol';
import { LuaScript, RedisConnections } from '#libs/redis';
import type { Change } from '#libs/room';
import { unpackChanges } from './change-codec.js';
import { type Checkpoint, unpackCheckpoint } from './checkpoint.js';
import { checkpointKey, logKey, roomKey } from './room-keys.js';

const readScript = new LuaScript('read_game', new URL('./scripts/read-game.lua', import.meta.url), 3);

/** The stored data of a game at one moment. */
export interface StoredGame {
  readonly version: number;
  /** The stored checkpoint. Null: the game stores no checkpoint. */
  readonly checkpoint: Checkpoint | null;
  /** The changes since the checkpoint, oldest first. The last one leads to `version`. */
  readonly changes: readonly Change[];
}

/** A part of the log of a room. */
export interface LogPage {
  /** The version of the room. */
  readonly version: number;
  /** The changes, oldest first. */
  readonly changes: readonly Change[];
  /** True: the log has earlier changes than these. */
  readonly hasEarlier: boolean;
}

/** Reads the stored data of games without changing them, for operators. The owner of a room can write at the same time. */
@Injectable()
export class StoredGames {
  constructor(private readonly redis: RedisConnections) {}

  /** Reads checkpoint and log by one script. Null: there is no room. @throws `not-found` when the stored data cannot be read */
  async read(room: RoomId): Promise<StoredGame | null> {
    const keys = [roomKey(room), logKey(room), checkpointKey(room)];
    const answer = (await readScript.runBinary(this.redis.commands, keys, [])) as Buffer[] | null;
    if (answer === null) return null;
    const [version, checkpoint, ...log] = answer as [Buffer, Buffer, ...Buffer[]];
    return readable(() => {
      const stored = checkpoint.length > 0 ? unpackCheckpoint(checkpoint) : null;
      const { changes } = unpackChanges(Buffer.concat(log));
      const from = stored?.value.version ?? -1;
      return { version: Number(String(version)), checkpoint: stored, changes: changes.filter((change) => change.version > from) };
    });
  }

  /** Returns the range of the stored versions: the version of the checkpoint, and the newest version. Null: no checkpoint is stored. */
  async range(room: RoomId): Promise<{ readonly from: number; readonly to: number } | null> {
    const { commands } = this.redis;
    const [record, length, isStored] = await Promise.all([
      commands.hget(roomKey(room), 'version'),
      commands.llen(logKey(room)),
      commands.exists(checkpointKey(room)),
    ]);
    const to = Number(record ?? 0);
    return isStored === 1 ? { from: Math.max(0, to - length), to } : null;
  }

  /**
   * Returns the latest changes before a version, at most `limit`.
   *
   * @throws `not-found` when they cannot be read
   */
  async changes(
    room: RoomId,
    { before, limit }: { readonly before?: number | undefined; readonly limit: number },
  ): Promise<LogPage | null> {
    const { commands } = this.redis;
    const version = versionOf(await commands.hmget(roomKey(room), 'rev', 'version'));
    if (version === null) return null;
    // Finds the changes by their distance from the end of the log, whose last entry leads to `version`. The owner can append an entry after
    // the read of `version`. The read of the log then also returns later changes, and the filter below removes them.
    const end = before === undefined ? 0 : Math.max(0, version - before + 1);
    const [entries, length] = await Promise.all([
      commands.lrangeBuffer(logKey(room), -(end + limit), -(end + 1)),
      commands.llen(logKey(room)),
    ]);
    const changes = readable(() => unpackChanges(Buffer.concat(entries)).changes).filter(
      (change) => before === undefined || change.version < before,
    );
    return { version, changes, hasEarlier: changes.length > 0 && length > end + entries.length };
  }
}

function versionOf(record: unknown): number | null {
  const [rev, version] = record as (string | null)[];
  return rev ? Number(version ?? 0) : null;
}

function readable<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw new HoldfastError('not-found', 'The stored data of this game cannot be read.', { cause });
  }
}
