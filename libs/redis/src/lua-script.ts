import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ChainableCommander, Redis } from 'ioredis';
import type { RedisClient } from './connect.js';
import { EncodedCommand } from './encoded-command.js';

type ScriptArgument = string | number | Buffer | Uint8Array;

/**
 * One Lua script, from a file beside its typed caller. ioredis sends it by its hash, and reloads it when the script cache was flushed.
 *
 * @example
 * const append = new LuaScript('append', new URL('./append.lua', import.meta.url), 2);
 * await append.run(client, [recordKey, logKey], [epoch, …]);
 *
 * Code that several scripts share is in a separate file. Pass that file first: `[shared, script]` run as one script.
 */
export class LuaScript {
  private readonly command: string;
  private readonly lua: string;
  private readonly sha: string;
  private readonly known = new WeakSet<object>();
  private static readonly every: LuaScript[] = [];

  /**
   * Registers all loaded scripts with a new client. Call it before the client creates a pipeline, because a pipeline has only the scripts
   * that its client had at that time.
   */
  static prepare(client: RedisClient): void {
    for (const script of LuaScript.every) script.define(client);
  }

  constructor(
    name: string,
    files: URL | readonly URL[],
    /** Number of keys of the script. Null: the number differs per call. */
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

  /** Like `run`, but faster for calls with many arguments, because it encodes all arguments in one pass. */
  async runEncoded(client: Redis, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    try {
      return await (client.sendCommand(new EncodedCommand('evalsha', [this.sha, keys.length], keys, args)) as Promise<unknown>);
    } catch (error) {
      // NOSCRIPT: Redis did not run the script, because it is not in the script cache of Redis.
      if (!String((error as Error).message).startsWith('NOSCRIPT')) throw error;
      return this.run(client, keys, args);
    }
  }

  /** Like `run`, but returns strings in the answer as Buffers, for binary values. */
  runBinary(client: RedisClient, keys: readonly string[], args: readonly ScriptArgument[]): Promise<unknown> {
    return this.callOf(client, 'Buffer')(this.all(keys, args)) as Promise<unknown>;
  }

  /** Adds the call to a pipeline of `client`. In a Cluster, all keys of a pipeline must share a slot, so use `run` there. */
  queue(client: RedisClient, pipeline: ChainableCommander, keys: readonly string[], args: readonly ScriptArgument[]): void {
    this.callOf(client);
    (pipeline as unknown as Record<string, (args: unknown[]) => void>)[this.command]!(this.all(keys, args));
  }

  private all(keys: readonly string[], args: readonly ScriptArgument[]): unknown[] {
    return this.keyCount === null ? [keys.length, ...keys, ...args] : [...keys, ...args];
  }

  private callOf(client: RedisClient, suffix = ''): (args: unknown[]) => unknown {
    this.define(client);
    const calls = client as unknown as Record<string, (args: unknown[]) => unknown>;
    return (args) => calls[this.command + suffix]!(args);
  }

  private define(client: RedisClient): void {
    if (this.known.has(client)) return;
    client.defineCommand(this.command, { ...(this.keyCount !== null && { numberOfKeys: this.keyCount }), lua: this.lua });
    this.known.add(client);
  }
}
