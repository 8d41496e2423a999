import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { HoldfastError, type ServerId } from '#libs/protocol';
import { type RedisClient, RedisConnections, redisName } from '#libs/redis';

const auditedKey = (): string => redisName('audited');
const settledKey = (): string => redisName('settled');
/** Delay between the last change of a Cluster's nodes and the next read of the run ids, in ms. */
const CHANGED_MS = 250;
/**
 * Delay before both run ids are read again when the two connections report different ones, in ms. One connection then hangs at an old
 * process of Redis and will close.
 */
const APART_MS = 250;
/** Delay before the run id of a connection is read again after an error, in ms. */
const IDENTIFY_AGAIN_MS = 100;

export interface MarkingServer {
  readonly server: ServerId;
  readonly incarnation: number;
}

/**
 * Identifies the run of Redis. A Redis that restarted or failed over may have lost its last writes, and nothing in it shows this. So each
 * run is another generation. Owners compare their rooms with the store and then set a mark in it. No server adopts a room while the mark of
 * a living owner is missing, because it could adopt an old copy of a room that the owner still has. A store that lost everything has lost
 * the marks as well, so all owners compare again. The generation is known only when both connections, `appends` and `commands`, are at the
 * same run. After the sudden failure of a machine, one connection may have reached the next run while the other still hangs.
 */
@Injectable()
export class StoreGeneration {
  /** The run id of the Redis that each connection has reached, by connection. Null: not known. */
  private readonly ids = new Map<RedisClient, string | null>();
  /**
   * The number of the latest read of the run id, by connection. The answer to an earlier read is ignored, because its run id can be out of
   * date.
   */
  private readonly identifications = new Map<RedisClient, number>();
  /**
   * The last generation that is known to be settled. Null: no generation is known to be settled. Undefined: this process does not wait for
   * settlements.
   */
  private settled: string | null | undefined;
  private readonly listeners: (() => void)[] = [];
  private identifying: NodeJS.Timeout | undefined;

  constructor(private readonly redis: RedisConnections) {
    for (const client of new Set([redis.appends, redis.commands])) this.follow(client);
  }

  /**
   * The id of the connected run of Redis. Null while there is no connection, while the run is not known, or while the two connections are
   * at different runs.
   */
  get current(): string | null {
    const id = this.ids.get(this.redis.appends) ?? null;
    return this.ids.get(this.redis.commands) === id ? id : null;
  }

  /**
   * True when all living servers have compared their data with the store (`StoreSettlement`). Only then can records be trusted and written.
   * Without `awaitSettlement`, true whenever the generation is known.
   */
  get isSettled(): boolean {
    const { current } = this;
    return current !== null && (this.settled === undefined || this.settled === current);
  }

  /**
   * While the store is not settled, refuses a write that gives a record a new revision. Call it in the same event-loop tick as the write,
   * because the store can restart between two ticks.
   * @throws `unavailable` before the store is settled
   */
  refuseUnsettled(): void {
    if (!this.isSettled)
      throw new HoldfastError('unavailable', 'The store was restarted, and what it lost is being written again. Try again in a moment.', {
        retryAfterMs: 500,
      });
  }

  /** From now on, `isSettled` is true only after `settle`. */
  awaitSettlement(): void {
    this.settled ??= null;
  }

  /** Marks this generation as settled, for this process and for `wasSettled` in other processes. Rejects when the store does not answer. */
  async settle(generation: string): Promise<void> {
    await this.redis.appends.set(settledKey(), generation);
    this.settled = generation;
  }

  /**
   * True when the connected generation has ever been settled. A process must not restore data into a settled generation, because other
   * processes have continued without this data. False when the store was emptied after the settlement. Rejects when the store does not
   * answer.
   */
  async wasSettled(): Promise<boolean> {
    const generation = this.current;
    return generation !== null && (await this.redis.appends.get(settledKey())) === generation;
  }

  /** Calls `listener` after each connection and reconnection, as soon as the generation is known. */
  onConnected(listener: () => void): void {
    this.listeners.push(listener);
  }

  async markAudited({ server, incarnation }: MarkingServer, generation: string): Promise<void> {
    await this.redis.appends.hset(auditedKey(), `${server}:${incarnation}`, generation);
  }

  async forget({ server, incarnation }: MarkingServer): Promise<void> {
    await this.redis.appends.hdel(auditedKey(), `${server}:${incarnation}`);
  }

  /** Returns whether all of these servers have set their marks in the connected generation. Rejects when the store does not answer. */
  async isAuditedBy(auditors: readonly MarkingServer[]): Promise<boolean> {
    const generation = this.current;
    if (generation === null) return false;
    if (auditors.length === 0) return true;
    const marks = await this.redis.appends.hmget(auditedKey(), ...auditors.map(({ server, incarnation }) => `${server}:${incarnation}`));
    return this.current === generation && marks.every((mark) => mark === generation);
  }

  private follow(client: RedisClient): void {
    this.invalidate(client);
    client.on('close', () => this.invalidate(client));
    client.on('ready', () => void this.identify(client));
    if (!(client instanceof Redis)) {
      // Reads the run ids again after a change of a Cluster's nodes. A Cluster stays connected when a replica replaces a primary, although
      // the replica may have lost the last writes.
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
      // Starts the next read by a timer if the connection is open. Otherwise the event `ready` starts it.
      if (client.status === 'ready') setTimeout(() => isLatest() && void this.identify(client), IDENTIFY_AGAIN_MS).unref();
      return;
    }
    if (this.current !== null) for (const listener of this.listeners) listener();
    else if ([...this.ids.values()].every((known) => known !== null)) this.identifyAllIn(APART_MS);
  }

  private identifyAllIn(ms: number): void {
    clearTimeout(this.identifying);
    this.identifying = setTimeout(() => {
      for (const client of this.ids.keys()) if (client.status === 'ready') void this.identify(client);
    }, ms);
    this.identifying.unref();
  }
}

/** Returns the run id of the node, or the joined run ids of all primaries of a Cluster. */
async function generationOf(client: RedisClient): Promise<string> {
  const nodes = client instanceof Redis ? [client] : client.nodes('master');
  const ids = await Promise.all(nodes.map(async (node) => /run_id:(\w+)/.exec(String(await node.info('server')))?.[1] ?? ''));
  return ids.sort().join('+');
}
