import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { SERVER_TYPES, type ServerId, type ServerType } from '#libs/protocol';
import { type RedisClient, RedisConnections } from '#libs/redis';
import { Log, Metrics } from '#libs/telemetry';
import { FIRST_POLL_MS, MISSING_LISTED_MS, MISSING_RETENTION_MS, POLL_MS, POLL_MS_PER_SERVER, serversKey } from './fleet.options.js';
import { FleetEvents } from './fleet-events.js';
import { hasLeft } from './scripts/leave.js';
import { SERVER_STATES, type ServerRecord, toServerRecord } from './server-record.js';

/**
 * - `registered`: the server is new, or has another incarnation. If `before` has an incarnation, that incarnation has ended.
 * - `changed`: the games or one of the `ESSENTIAL` fields changed, such as the state, an address, or `suspect`.
 * - `evicted`: the server was declared dead.
 * - `left`: the server left by itself, or its record has been missing for some time.
 */
export interface ServerChange {
  readonly kind: 'registered' | 'changed' | 'evicted' | 'left';
  readonly server: ServerRecord;
  /** The record before the change. Undefined: the directory did not know the server, or `kind` is `left`. */
  readonly before?: ServerRecord;
  /** For `left`: true when the server left by itself, and false when only its record has been missing for some time. */
  readonly isCertain?: boolean;
}

export type ServerChangeListener = (change: ServerChange) => void;

/**
 * The last known records of all servers. Messages on `hf:fleet` and polls update the records. While Redis is unavailable the records do not
 * change, because an outage of Redis says nothing about the servers.
 */
@Injectable()
export class ServerDirectory implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly records = new Map<ServerId, ServerRecord>();
  private readonly missingSince = new Map<ServerId, number>();
  private readonly listeners = new Set<ServerChangeListener>();
  private readonly stale = new Set<ServerId>();
  private refreshing: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private lastPollAt = Number.NEGATIVE_INFINITY;
  private isOpen = true;
  private hasView = false;

  constructor(
    private readonly redis: RedisConnections,
    private readonly events: FleetEvents,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.events.on((event) => {
      if (event.kind !== 'vote') this.refreshOne(event.server);
    });
    this.events.onGap(() => void this.refresh());
    (this.metrics.servers as unknown as { collect: () => void }).collect = () => this.count();
    this.timer = setInterval(() => this.pollIfDue(), FIRST_POLL_MS);
    this.timer.unref();
    await this.refresh();
  }

  /** Returns every server with a record, including dead servers until their record is removed. */
  all(): ServerRecord[] {
    return [...this.records.values()];
  }

  byType(type: ServerType): ServerRecord[] {
    return this.all().filter((server) => server.type === type);
  }

  /** True after the directory has read all records at least once. */
  get isKnown(): boolean {
    return this.hasView;
  }

  /**
   * Returns whether the last read of this server found no record. The directory removes a server only when its record has been missing for
   * some time.
   */
  isMissing(id: ServerId): boolean {
    return this.missingSince.has(id);
  }

  get(id: ServerId): ServerRecord | undefined {
    return this.records.get(id);
  }

  /** Reads the incarnation of a ready server from the store, not from the directory. Null: the server has no record or is not ready. */
  async readyIncarnationOf(id: ServerId): Promise<number | null> {
    const record = toServerRecord(id, await this.redis.commands.hgetall(id));
    return record?.state === 'ready' ? record.incarnation : null;
  }

  onChange(listener: ServerChangeListener): void {
    this.listeners.add(listener);
  }

  /** Reads all records now. Never rejects: after an error the directory keeps the last records. */
  refresh(): Promise<void> {
    this.refreshing ??= this.readAll()
      .catch((error: unknown) => this.log.debug('directory.refresh-failed', { error }))
      .finally(() => {
        this.refreshing = null;
        if (this.stale.size > 0) this.readStale();
      });
    return this.refreshing;
  }

  onModuleDestroy(): void {
    this.isOpen = false;
    if (this.timer) clearInterval(this.timer);
  }

  private pollIfDue(): void {
    const everyMs = this.hasView ? Math.max(POLL_MS, this.records.size * POLL_MS_PER_SERVER) : FIRST_POLL_MS;
    if (performance.now() - this.lastPollAt >= everyMs) void this.refresh();
  }

  private async readAll(): Promise<void> {
    this.lastPollAt = performance.now();
    const client = this.redis.commands;
    const ids = new Set<ServerId>([...this.records.keys(), ...((await client.smembers(serversKey())) as ServerId[])]);
    await this.read([...ids]);
    this.hasView = true;
  }

  /** Reads the record of this server at the end of the event-loop tick, together with all other records that were requested in the tick. */
  private refreshOne(id: ServerId): void {
    this.stale.add(id);
    if (!this.refreshing && this.stale.size === 1) setImmediate(() => this.readStale());
  }

  private readStale(): void {
    if (this.refreshing || this.stale.size === 0) return;
    const ids = [...this.stale];
    this.stale.clear();
    this.refreshing = this.read(ids)
      .catch((error: unknown) => this.log.debug('directory.refresh-failed', { error }))
      .finally(() => {
        this.refreshing = null;
        if (this.stale.size > 0) this.readStale();
      });
  }

  private async read(ids: readonly ServerId[]): Promise<void> {
    const hashes = await readHashes(this.redis.commands, ids);
    const missing: ServerId[] = [];
    for (const [index, id] of ids.entries()) {
      const record = toServerRecord(id, hashes[index]!);
      if (record) this.found(record);
      else missing.push(id);
    }
    // If all records are missing, the store has lost them, and no server has written its record again yet. The servers are probably alive,
    // so for each of them the time without a record begins again now.
    if (missing.length === ids.length && ids.length >= this.records.size)
      for (const id of missing) this.missingSince.set(id, performance.now());
    await Promise.all(missing.map((id) => this.notFound(id)));
  }

  private found(server: ServerRecord): void {
    this.missingSince.delete(server.id);
    const before = this.records.get(server.id);
    this.records.set(server.id, server);
    const kind = kindOfChange(before, server);
    if (kind) this.notifyListeners({ kind, server, ...(before && { before }) });
  }

  private async notFound(id: ServerId): Promise<void> {
    const now = performance.now();
    const since = this.missingSince.get(id) ?? now;
    this.missingSince.set(id, since);
    const known = this.records.get(id);
    if (known) {
      // The record of a dead server is removed after the cleanup. The listeners were already called when the server died, so they are not
      // called again.
      const isDead = known.state === 'dead';
      const isCertain = !isDead && (await hasLeft(this.redis.commands, id, known.incarnation));
      const isOver = isDead || isCertain || now - since >= MISSING_RETENTION_MS;
      if (!isOver || this.records.get(id) !== known) return;
      this.records.delete(id);
      if (!isDead) this.notifyListeners({ kind: 'left', server: known, isCertain });
    }
    if (now - since >= MISSING_LISTED_MS) {
      this.missingSince.delete(id);
      await this.redis.commands.srem(serversKey(), id);
    }
  }

  private notifyListeners(change: ServerChange): void {
    if (!this.isOpen) return;
    for (const listener of this.listeners) {
      try {
        listener(change);
      } catch (error) {
        this.log.error('directory.listener-failed', { error });
      }
    }
  }

  private count(): void {
    // Sets the metric to 0 for each type and state without servers, so that an alert detects the loss of the last server.
    for (const type of SERVER_TYPES) for (const state of SERVER_STATES) this.metrics.servers.set({ type, state }, 0);
    for (const { type, state } of this.records.values()) this.metrics.servers.inc({ type, state });
  }
}

/** Returns the kind of change between two reads of a record. Null: no field changed on which other servers depend. */
export function kindOfChange(before: ServerRecord | undefined, now: ServerRecord): ServerChange['kind'] | null {
  if (now.state === 'dead') return before?.state === 'dead' && before.incarnation === now.incarnation ? null : 'evicted';
  if (!before || before.incarnation !== now.incarnation || before.state === 'dead') return 'registered';
  return ESSENTIAL.some((field) => before[field] !== now[field]) || JSON.stringify(before.games) !== JSON.stringify(now.games)
    ? 'changed'
    : null;
}

const ESSENTIAL = [
  'state',
  'linkHost',
  'linkPort',
  'opsHost',
  'opsPort',
  'build',
  'region',
  'canary',
  'suspect',
  'unheard',
  'cordoned',
] as const satisfies (keyof ServerRecord)[];

/**
 * Reads the hashes in one round trip. In a Cluster, each hash has its own slot. So the function requests each hash with its own Redis
 * command, and the Redis client sends all of these commands in one batch.
 */
async function readHashes(client: RedisClient, ids: readonly ServerId[]): Promise<Record<string, string>[]> {
  if (client.isCluster) return Promise.all(ids.map((id) => client.hgetall(id)));
  const pipeline = client.pipeline();
  for (const id of ids) pipeline.hgetall(id);
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, fields]) => {
    if (error) throw error;
    return fields as Record<string, string>;
  });
}
