import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ChainableCommander, Redis } from 'ioredis';
import type { RedisClient } from './connect.js';
import { WrittenCall } from './written-call.js';

type ScriptArgument = string | number | Buffer | Uint8Array;

/**
 * One Lua verb, from a file beside its typed caller. ioredis sends it by hash and repairs a flushed script cache.
 *
 *     const append = new LuaScript('append', new URL('./append.lua', import.meta.url), 2);
 *     await append.run(client, [recordKey, logKey], [epoch, …]);
 *
 * What several verbs of a library share stands in a file of its own, given first: `[shared, verb]` run as one.
 */
export class LuaScript {
  private readonly command: string;
  private readonly lua: string;
  private readonly sha: string;
  private readonly known = new WeakSet<object>();
  private static readonly every: LuaScript[] = [];

  /**
   * Makes every verb loaded so far known to a new client. A pipeline, and in a Cluster the one that ioredis makes of all
   * commands of a turn, has only the verbs that its client knew when it began.
   */
  static prepare(client: RedisClient): void {
    for (const script of LuaScript.every) script.define(client);
  }

  constructor(
    name: string,
    files: URL | readonly URL[],
    /** Null: as many as each call gives. */
    private readonly keyCount: number | null,
  ) {
    this.command = `hf_${name}`;
    this.lua = [files]
      .flat()
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    this.sha = createHash('sha1').update(this.lua).digest('hex');
    LuaScript.every.push(this);
  }

  run(client: RedisClient, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.callOf(client)(this.all(keys, args)) as Promise<unknown>;
  }

  /** As `run`, for calls with so many arguments that writing them is what they cost. */
  async runWritten(client: Redis, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    try {
      return await (client.sendCommand(new WrittenCall('evalsha', [this.sha, keys.length], keys, args)) as Promise<unknown>);
    } catch (error) {
      // Nothing was run: the store has not seen the script, or has forgotten it.
      if (!String((error as Error).message).startsWith('NOSCRIPT')) throw error;
      return this.run(client, keys, args);
    }
  }

  /** As `run`, with strings in the answer as Buffers, for binary values. */
  runBinary(client: RedisClient, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.callOf(client, 'Buffer')(this.all(keys, args)) as Promise<unknown>;
  }

  /** Adds the call to a pipeline of `client`. In a Cluster, all keys of a pipeline must share a slot: use `run` there. */
  queue(client: RedisClient, pipeline: ChainableCommander, keys: readonly string[], args: readonly ScriptArgument[]): void {
    this.callOf(client);
    (pipeline as unknown as Record<string, (args: unknown[]) => void>)[this.command](this.all(keys, args));
  }

  private all(keys: readonly string[], args: readonly ScriptArgument[]): unknown[] {
    return this.keyCount === null ? [keys.length, ...keys, ...args] : [...keys, ...args];
  }

  private callOf(client: RedisClient, suffix = ''): (args: unknown[]) => unknown {
    this.define(client);
    const calls = client as unknown as Record<string, (args: unknown[]) => unknown>;
    return (args) => calls[this.command + suffix](args);
  }

  private define(client: RedisClient): void {
    if (this.known.has(client)) return;
    client.defineCommand(this.command, { ...(this.keyCount !== null && { numberOfKeys: this.keyCount }), lua: this.lua });
    this.known.add(client);
  }
}
