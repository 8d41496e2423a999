import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { HoldfastError, type ServerId } from '#libs/protocol';
import { type RedisClient, RedisConnections } from '#libs/redis';

const AUDITED_KEY = 'hf:audited';
const SETTLED_KEY = 'hf:settled';
/** A change of a Cluster's nodes is looked at this long after the last of them, in ms. */
const CHANGED_MS = 250;
/** Connections that are at different runs of Redis are asked again after this, in ms: one of them hangs at a run that is over, and closes. */
const APART_MS = 250;
/** Pause before a connection that did not tell its run is asked again, in ms. */
const IDENTIFY_AGAIN_MS = 100;

export interface Auditor {
  readonly server: ServerId;
  readonly incarnation: number;
}

/**
 * Which store is this? A Redis that was restarted or failed over may have lost its last writes, and nothing in it says
 * so. Each new run of it is another generation; owners compare their rooms with it and say when they have, and nobody
 * adopts a room from a generation that some living owner has not compared with: an old copy would beat its room.
 *
 * Both connections count, `appends` and `commands`: when a host dies without closing its connections, one may have reached the next run
 * while the other still hangs.
 *
 * Marks are in the store itself, so a store that lost everything lost them, too, and all compare again.
 */
@Injectable()
export class StoreGeneration {
  /** By connection; null: not known. */
  private readonly ids = new Map<RedisClient, string | null>();
  /** By connection: the number of its latest identification. The answer of an earlier one may be out of date, and is ignored. */
  private readonly identifications = new Map<RedisClient, number>();
  /** The generation that is known to be settled; undefined: nobody here finds out, and none is waited for. */
  private settled: string | null | undefined;
  private readonly listeners: (() => void)[] = [];
  private asking: NodeJS.Timeout | undefined;

  constructor(private readonly redis: RedisConnections) {
    for (const client of new Set([redis.appends, redis.commands])) this.follow(client);
  }

  /**
   * Null while the store is away, while it is not yet known, or while the connections are at different runs. Changes whenever they are
   * connected to a new run.
   */
  get current(): string | null {
    const id = this.ids.get(this.redis.appends) ?? null;
    return this.ids.get(this.redis.commands) === id ? id : null;
  }

  /** All who live have compared what they hold with it (`StoreSettlement`): records can be believed, and written. */
  get isSettled(): boolean {
    const { current } = this;
    return current !== null && (this.settled === undefined || this.settled === current);
  }

  /** Throws `unavailable` before the store is settled. To be called in the turn in which something is written that makes a revision. */
  refuseUnsettled(): void {
    if (!this.isSettled)
      throw new HoldfastError('unavailable', 'The store was restarted, and what it lost is being written again. Try again in a moment.', {
        retryAfterMs: 500,
      });
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
    const generation = this.current;
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
    const generation = this.current;
    if (generation === null) return false;
    if (auditors.length === 0) return true;
    const marks = await this.redis.appends.hmget(AUDITED_KEY, ...auditors.map(({ server, incarnation }) => `${server}:${incarnation}`));
    return this.current === generation && marks.every((mark) => mark === generation);
  }

  private follow(client: RedisClient): void {
    this.invalidate(client);
    client.on('close', () => this.invalidate(client));
    client.on('ready', () => void this.identify(client));
    if (!(client instanceof Redis)) {
      // A Cluster stays connected when a replica replaces one of its primaries. The replica may have lost the last writes.
      const changed = (): void => {
        this.invalidate(client);
        this.identifyAllIn(CHANGED_MS);
      };
      client.on('+node', changed);
      client.on('-node', changed);
    }
    if (client.status === 'ready') void this.identify(client);
  }

  private invalidate(client: RedisClient): void {
    this.ids.set(client, null);
    this.begin(client);
  }

  private begin(client: RedisClient): number {
    const number = (this.identifications.get(client) ?? 0) + 1;
    this.identifications.set(client, number);
    return number;
  }

  private async identify(client: RedisClient): Promise<void> {
    const number = this.begin(client);
    const isLatest = (): boolean => this.identifications.get(client) === number;
    try {
      const id = await generationOf(client);
      if (client.status !== 'ready' || !isLatest()) return;
      this.ids.set(client, id);
    } catch {
      if (!isLatest()) return;
      this.ids.set(client, null);
      // After a lost connection, the next `ready` starts again. A connection that stays is asked again.
      if (client.status === 'ready') setTimeout(() => isLatest() && void this.identify(client), IDENTIFY_AGAIN_MS).unref();
      return;
    }
    if (this.current !== null) for (const listener of this.listeners) listener();
    else if ([...this.ids.values()].every((known) => known !== null)) this.identifyAllIn(APART_MS);
  }

  private identifyAllIn(ms: number): void {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => {
      for (const client of this.ids.keys()) if (client.status === 'ready') void this.identify(client);
    }, ms);
    this.asking.unref();
  }
}

/** The run id of the node, or of all primaries of a Cluster. */
async function generationOf(client: RedisClient): Promise<string> {
  const nodes = client instanceof Redis ? [client] : client.nodes('master');
  const ids = await Promise.all(nodes.map(async (node) => /run_id:(\w+)/.exec(String(await node.info('server')))?.[1] ?? ''));
  return ids.sort().join('+');
}
