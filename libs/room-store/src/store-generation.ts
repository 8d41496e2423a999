import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { ServerId } from '#libs/protocol';
import { type RedisClient, RedisConnections } from '#libs/redis';

const AUDITED_KEY = 'hf:audited';
const SETTLED_KEY = 'hf:settled';
/** A change of a Cluster's nodes is looked at this long after the last of them, in ms. */
const CHANGED_MS = 250;

export interface Auditor {
  readonly server: ServerId;
  readonly incarnation: number;
}

/**
 * Which store is this? A Redis that was restarted or failed over may have lost its last writes, and nothing in it says
 * so. Each new run of it is another generation; owners compare their rooms with it and say when they have, and nobody
 * adopts a room from a generation that some living owner has not compared with: an old copy would beat its room.
 *
 * Marks are in the store itself, so a store that lost everything lost them, too, and all compare again.
 */
@Injectable()
export class StoreGeneration {
  private id: string | null = null;
  /** The generation that is known to be settled; undefined: nobody here finds out, and none is waited for. */
  private settled: string | null | undefined;
  private readonly listeners: (() => void)[] = [];
  private changing: NodeJS.Timeout | undefined;

  constructor(private readonly redis: RedisConnections) {
    const { appends } = redis;
    appends.on('close', () => {
      this.id = null;
    });
    appends.on('ready', () => void this.identify(appends));
    if (!(appends instanceof Redis)) {
      // A Cluster stays connected when one of its primaries is replaced by a replica, which may have less.
      const changed = (): void => {
        clearTimeout(this.changing);
        this.changing = setTimeout(() => void this.identify(appends), CHANGED_MS);
        this.changing.unref();
      };
      appends.on('+node', changed);
      appends.on('-node', changed);
    }
    if (appends.status === 'ready') void this.identify(appends);
  }

  /** Null while the store is away, or not yet known. Changes whenever the connection for rooms is a new one to a new run. */
  get current(): string | null {
    return this.id;
  }

  /** All who live have compared what they hold with it (`StoreSettlement`): records can be believed, and written. */
  get isSettled(): boolean {
    return this.id !== null && (this.settled === undefined || this.settled === this.id);
  }

  /** From now on a generation counts as settled only after `settle`. */
  awaitSettlement(): void {
    this.settled ??= null;
  }

  /** This generation is settled; also for processes that come back to it late (`wasSettled`). Rejects when the store does not answer. */
  async settle(generation: string): Promise<void> {
    await this.redis.appends.set(SETTLED_KEY, generation);
    this.settled = generation;
  }

  /**
   * Whether the generation that is connected now was settled at any time: whoever writes again what it knows comes too late then, and
   * others have gone on without it. A store that was emptied since has forgotten that. Rejects when the store does not answer.
   */
  async wasSettled(): Promise<boolean> {
    const generation = this.id;
    return generation !== null && (await this.redis.appends.get(SETTLED_KEY)) === generation;
  }

  /** After each (re)connection, once the generation is known. */
  onConnected(listener: () => void): void {
    this.listeners.push(listener);
  }

  async markAudited({ server, incarnation }: Auditor, generation: string): Promise<void> {
    await this.redis.appends.hset(AUDITED_KEY, `${server}:${incarnation}`, generation);
  }

  async forget({ server, incarnation }: Auditor): Promise<void> {
    await this.redis.appends.hdel(AUDITED_KEY, `${server}:${incarnation}`);
  }

  /** Whether all of these have compared their rooms with the generation that is connected now. */
  async isAuditedBy(auditors: readonly Auditor[]): Promise<boolean> {
    const generation = this.id;
    if (generation === null) return false;
    if (auditors.length === 0) return true;
    const marks = await this.redis.appends.hmget(AUDITED_KEY, ...auditors.map(({ server, incarnation }) => `${server}:${incarnation}`));
    return this.id === generation && marks.every((mark) => mark === generation);
  }

  private async identify(client: RedisClient): Promise<void> {
    try {
      this.id = await generationOf(client);
      for (const listener of this.listeners) listener();
    } catch {
      // Gone again; the next `ready` asks anew. One that stays but did not answer is asked once more.
      if (client.status === 'ready') setTimeout(() => void this.identify(client), 100);
    }
  }
}

/** The run id of the node, or of all primaries of a Cluster. */
async function generationOf(client: RedisClient): Promise<string> {
  const nodes = client instanceof Redis ? [client] : client.nodes('master');
  const ids = await Promise.all(nodes.map(async (node) => /run_id:(\w+)/.exec(String(await node.info('server')))?.[1] ?? ''));
  return ids.sort().join('+');
}
