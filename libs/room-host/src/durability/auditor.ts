import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { inBatches, sleep } from '#libs/async';
import { Self, ServerDirectory } from '#libs/fleet';
import { HoldfastError } from '#libs/protocol';
import { RoomLog, RoomRecords, type StoredTenure, StoreGeneration } from '#libs/room-store';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';
import { AUDIT_EVERY_MS, AUDIT_ROUTINE, AUDIT_URGENT, INDEX_RETRY_MS, OWN_PAUSE_MS, PAUSE_TICK_MS } from '../room-host.options.js';
import { Appender } from './appender.js';
import { EndedGames } from './ended-games.js';

/**
 * Longest time for which this server waits until the gateways have marked their audits as done, in ms. A gateway audits in about 100 ms.
 * Without this limit, a gateway that hangs would block the audit of this server.
 */
const GATEWAYS_WAIT_MS = 2_000;
const GATEWAYS_POLL_MS = 50;

/** The reason for the regular audit, which runs at intervals and not after an event. */
const ROUTINE = 'interval';

/**
 * Compares the rooms of this server with the store: after each reconnect, after this process was suspended, and at intervals. When the
 * store lost the last changes of a room, or the whole room, the living owner writes the room again (`reassert`). When the store names
 * another owner of a room, this server drops the room.
 */
@Injectable()
export class Auditor implements OnModuleInit {
  private auditing: Promise<void> | null = null;
  /** The reason for the next audit. Null: no audit follows the current one. */
  private next: string | null = null;
  private lastTickAt = performance.now();
  private auditedAs = 0;
  /** The store generation for which this server has marked its audit as done. Null: this server has not finished an audit yet. */
  private auditedGeneration: string | null = null;

  constructor(
    private readonly rooms: HostedRooms,
    private readonly appender: Appender,
    private readonly roomLog: RoomLog,
    private readonly records: RoomRecords,
    private readonly generation: StoreGeneration,
    private readonly directory: ServerDirectory,
    private readonly self: Self,
    private readonly log: Log,
    private readonly ended: EndedGames,
    private readonly settlement: StoreSettlement,
  ) {}

  onModuleInit(): void {
    this.generation.onConnected(() => void this.audit('connected'));
    this.appender.onBehind((room) => void this.reassert(room));
  }

  @Interval(AUDIT_EVERY_MS)
  auditRoutinely(): void {
    void this.audit(ROUTINE);
  }

  /**
   * Starts an audit. When an audit is already running, returns its promise. In this case, an urgent request makes another audit follow, and
   * stops the running audit early if it is a regular one. Never rejects.
   */
  audit(reason: string): Promise<void> {
    if (this.auditing) {
      if (reason !== ROUTINE) this.next = reason;
      return this.auditing;
    }
    this.auditing = this.auditAll(reason)
      .catch((error: unknown) => this.log.debug('audit.failed', { error }))
      .then(() => {
        this.auditing = null;
        const { next } = this;
        this.next = null;
        return next === null ? undefined : this.audit(next);
      });
    return this.auditing;
  }

  /**
   * Returns whether the store is settled and has the audit mark of every game server that is possibly alive. Ignores servers for which the
   * settlement no longer waits. Returns false for a store that was emptied after the settlement, because it has no audit marks.
   */
  async isStoreAudited(): Promise<boolean> {
    if (!this.settlement.isSettled) return false;
    const mayOwn = this.directory.byType('game').filter(({ state }) => state === 'ready' || state === 'draining');
    const owners = mayOwn.filter((server) => !this.settlement.isGivenUp(server));
    return this.generation.isAuditedBy(owners.map(({ id, incarnation }) => ({ server: id, incarnation })));
  }

  private async auditAll(reason: string): Promise<void> {
    const generation = this.generation.current;
    const { incarnation } = this.self;
    if (generation === null || incarnation === 0) return;
    const isRoutine = reason === ROUTINE;
    let reasserted = 0;
    let unanswered = 0;
    for await (const some of inBatches([...this.rooms.all()], isRoutine ? AUDIT_ROUTINE : AUDIT_URGENT)) {
      if (isRoutine && this.next !== null) return;
      const batch = some.filter(({ status }) => status !== 'dropped');
      const held = batch.map(({ durable }) => durable.version);
      const stored = await this.roomLog.readTenures(batch.map(({ id }) => id));
      const outcomes = await Promise.all(batch.map((room, index) => this.compare(room, held[index]!, stored[index]!)));
      reasserted += outcomes.filter((outcome) => outcome === 'reasserted').length;
      unanswered += outcomes.filter((outcome) => outcome === 'unanswered').length;
    }
    // Also writes lost ends of games again, because a store that lost changes may have lost ends, too.
    const ended = isRoutine && reasserted === 0 && !this.ended.mustRestore ? 0 : await this.restoreEnds();
    if (reasserted > 0 || ended) this.log.warn('store.repaired', { rooms: reasserted, ended: ended ?? 0, reason });
    if (ended === null || unanswered > 0) throw new HoldfastError('unavailable', 'The store has not taken all lost rooms again yet.');
    if (this.generation.current === generation && this.self.incarnation === incarnation) await this.mark(incarnation, generation);
  }

  /**
   * When the store has lost ends of games, writes these ends again, and returns their number. Null: the store did not accept all ends.
   * When the store has no record of a room, a gateway must write the record first. This server then waits until the gateways have marked
   * their audits as done, for at most `GATEWAYS_WAIT_MS`, and tries again. Only then does it mark its own audit as done. Otherwise the
   * store could be settled, and a gateway could read the room without its end.
   */
  private async restoreEnds(): Promise<number | null> {
    const ended = await this.ended.restore();
    if (!this.ended.hasMissing || this.settlement.isSettled) return ended;
    const deadline = performance.now() + GATEWAYS_WAIT_MS;
    while (performance.now() < deadline && !(await this.haveGatewaysMarked())) await sleep(GATEWAYS_POLL_MS);
    const more = await this.ended.restore();
    return ended === null || more === null ? null : ended + more;
  }

  private async haveGatewaysMarked(): Promise<boolean> {
    const gateways = this.directory
      .byType('gateway')
      .filter(
        ({ state, suspect, unheard, marksStore }) => marksStore && (state === 'ready' || state === 'draining') && !suspect && !unheard,
      );
    return this.generation.isAuditedBy(gateways.map(({ id, incarnation }) => ({ server: id, incarnation })));
  }

  private async mark(incarnation: number, generation: string): Promise<void> {
    const server = this.self.id;
    await this.generation.markAudited({ server, incarnation }, generation);
    this.auditedGeneration = generation;
    if (this.auditedAs !== incarnation && this.auditedAs > 0) await this.generation.forget({ server, incarnation: this.auditedAs });
    this.auditedAs = incarnation;
  }

  /**
   * Compares a room with the store, and writes the room again when the store has an older value. `reasserted`: the store now has the value
   * of this owner. `unanswered`: the store possibly still has an older value. Null: the store needed no write, or the room does not belong
   * to this server any more.
   */
  private async compare(room: HostedRoom, version: number, stored: StoredTenure): Promise<'reasserted' | 'unanswered' | null> {
    if (room.status === 'dropped') return null;
    const { epoch, server, incarnation } = room.tenure;
    const isNewer = stored !== null && stored.epoch > epoch;
    const isOthers = stored !== null && stored.epoch === epoch && (stored.server !== server || stored.incarnation !== incarnation);
    if (isNewer || (isOthers && stored.status === 'playing')) {
      this.rooms.fenced(room);
      return null;
    }
    // The game has ended in the store. Either the answer to this owner's last append is still under way, or another server ended the game.
    if (stored !== null && stored.epoch === epoch && stored.status !== 'playing') {
      if (!room.value.ended) this.rooms.fenced(room);
      return null;
    }
    const isLogged = room.durability === 'every-change';
    if (stored !== null && stored.epoch === epoch && (!isLogged || stored.version >= version)) return null;
    const result = await this.reassert(room);
    if (result === 'ok') return 'reasserted';
    return result === 'unknown' && (room.status as string) !== 'dropped' ? 'unanswered' : null;
  }

  /**
   * Writes the room again at its durable version, or at the version of the append under way. `fenced`: another server owns the room, or its
   * game is over. `unknown`: the store gave no clear answer, another call is already writing the room, or the room was dropped.
   */
  async reassert(room: HostedRoom): Promise<'ok' | 'fenced' | 'unknown'> {
    if (room.isReasserting || room.status === 'dropped') return 'unknown';
    room.isReasserting = true;
    try {
      const { inFlight, tenure, doc, rev, round, start, durability } = room;
      const onItsWay = inFlight?.append && !inFlight.append.ended ? inFlight : null;
      const value = onItsWay?.after ?? room.durable;
      const batch = onItsWay?.append?.batch ?? room.batch;
      const state = durability === 'none' ? null : room.checkpoint(onItsWay ?? undefined);
      const result = await this.roomLog.reassert(room.id, tenure, {
        version: value.version,
        batch,
        state,
        doc,
        rev,
        game: value.game,
        gameVersion: value.gameVersion,
        durability,
        round,
        start,
        format: room.logFormat,
      });
      if ((room.status as string) === 'dropped') return 'unknown';
      switch (result) {
        case 'ok':
          await this.index(room);
          if (onItsWay && room.inFlight === onItsWay) this.appender.commitInFlight(room);
          else if (room.inFlight) this.appender.markDirty(room);
          return 'ok';
        case 'fenced':
          return (await this.appender.fenced(room)) === 'unknown' ? 'unknown' : 'fenced';
        default:
          // The store did not answer, so the owner repeats its append. `reassert` runs again when the answer to the append shows that the
          // store has an older value.
          if (room.isDirty) setTimeout(() => this.appender.markDirty(room), PAUSE_TICK_MS);
          return 'unknown';
      }
    } finally {
      room.isReasserting = false;
    }
  }

  /** Writes the indexes of the room again, because the store may have lost them and no other code restores them. */
  private async index(room: HostedRoom): Promise<void> {
    const { id, tenure, doc } = room;
    try {
      await Promise.all([this.records.index([id], doc.createdAt), this.records.noteOwner([id], tenure.server, tenure.incarnation)]);
    } catch (error) {
      this.log.debug('room.index-failed', { roomId: id, error });
      setTimeout(() => {
        if (room.status !== 'dropped') void this.index(room);
      }, INDEX_RETRY_MS).unref();
    }
  }

  /** Starts an audit after this process was suspended, because other servers may have evicted this server meanwhile. */
  @Interval(PAUSE_TICK_MS)
  noticeOwnPause(): void {
    const now = performance.now();
    const sleptMs = now - this.lastTickAt - PAUSE_TICK_MS;
    this.lastTickAt = now;
    // This server has registered again, so other servers wait for the audit mark of its new incarnation.
    if (this.self.incarnation !== this.auditedAs) void this.audit('registered');
    // This server must audit the new generation soon: until it has done so, no server adopts a room, and no lobby writes.
    else if (this.generation.current !== null && this.generation.current !== this.auditedGeneration) void this.audit('unsettled');
    if (sleptMs < OWN_PAUSE_MS) return;
    this.log.warn('server.slept', { ms: Math.round(sleptMs) });
    void this.audit('slept');
  }
}
