import { inBatches, KeyRotation, ObservedAges, sleep } from '#libs/async';
import { type MatchRules, type RoomId, rulesOfMode } from '#libs/protocol';
import type { StoreGeneration } from '#libs/room-store';
import type { Log, Metrics } from '#libs/telemetry';
import type { MatchExplanation, MatchQueueView, MatchStrategy, ProposedMatch } from '../strategy/match-strategy.js';
import type { MatchHost } from './match-host.js';
import type { MatchRecord } from './match-record.js';
import {
  COMMIT_MATCHES,
  ENDED_AT_ONCE,
  ENDS_KEPT_MS,
  IDLE_MS,
  MAKES_AT_ONCE,
  MATCH_ABANDONED_MS,
  PARTIES_COMPARED,
  PROGRESS_EVERY_MS,
  PROGRESS_PER_SECOND,
  REPAIR_EVERY_MS,
  RETRY_MS,
  ROUND_EVERY_MS,
  ROUND_MATCHES_MAX,
  ROUNDS_LEASE_MS,
} from './matchmaking.options.js';
import { type CommitPlan, commitsOf } from './proposed-commits.js';
import { type QueueReport, QueueStatistics } from './queue-statistics.js';
import { QueueTime } from './queue-time.js';
import { RoomVacancies } from './room-vacancies.js';
import type { StoredTicket } from './stored-ticket.js';
import type { RoundsClaim, TicketStore } from './ticket-store.js';
import { WaitingQueue } from './waiting-queue.js';

export interface GameRoundsPorts {
  readonly store: TicketStore;
  readonly strategy: MatchStrategy;
  readonly host: MatchHost;
  readonly generation: Pick<StoreGeneration, 'current' | 'isSettled'>;
  readonly log: Log;
  /** Undefined: this process records no metrics. */
  readonly metrics?: Metrics;
  readonly lobby: string;
  /** Time for which a player may be away before the ticket ends, in ms. */
  readonly graceMs: number;
}

/**
 * Runs the rounds of one game while this lobby is its runner. The tickets stay in memory, and a round reads only the changes since the last
 * round. A lobby that has lost the lease without noticing cannot commit, because its fencing token is too low.
 */
export class GameRounds {
  private readonly queue = new WaitingQueue();
  private readonly time: QueueTime;
  private readonly statistics = new QueueStatistics();
  /** The last two queue times that this runner has stored. The stored queue time becomes the `since` of a new ticket. */
  private storedTimes: readonly number[];
  private generation: string | null;
  private isStopped = false;
  private wakeUp = (): void => {};
  private isWoken = false;
  /** Callbacks for the end of the next round. */
  private afterNext: (() => void)[] = [];
  /** Time for which the strategy has blocked this process in the last round, in ms. */
  private blockedMs = 0;
  private renewedAt = performance.now();
  private repairedAt = Number.NEGATIVE_INFINITY;
  private busyAt = performance.now();
  // The two ages below are in queue time, which stops while this lobby is suspended, because no player can then answer an offer or report a
  // new connection.
  /** For each match, the time since the last change of its stage. */
  private readonly stages = new ObservedAges(() => this.time.now());
  /** For each ticket with a player who is away, the time since the player went away. */
  private readonly absences = new ObservedAges(() => this.time.now());
  private readonly vacancies = new RoomVacancies();
  /** The tickets of parties, in the order in which the repair compares them with the rooms of the parties. */
  private readonly parties = new KeyRotation<string>();
  /** For each ticket whose room is being made, a promise of the room. */
  private readonly making = new Map<string, Promise<unknown>>();
  private readonly makingMatches = new Set<RoomId>();
  private readonly backlog: (() => Promise<void>)[] = [];
  private makes = 0;
  /** For each ticket, the time of its last progress message, in ms of the monotonic clock. */
  private readonly told = new Map<string, number>();
  private lastView: MatchQueueView | null = null;

  constructor(
    readonly game: string,
    private readonly ports: GameRoundsPorts,
    private readonly claim: RoundsClaim,
  ) {
    this.time = new QueueTime(claim.time);
    this.storedTimes = [claim.time];
    this.generation = ports.generation.current;
  }

  /** Runs rounds until another lobby is the runner, the queue has been empty for `IDLE_MS`, or `stop` is called. */
  async run(): Promise<void> {
    try {
      while (!this.isStopped && (await this.isOurs())) {
        const before = this.afterNext;
        this.afterNext = [];
        const began = performance.now();
        try {
          await this.round();
        } catch (error) {
          this.ports.log.warn('rounds.failed', { game: this.game, error });
          // After a lost answer of a commit, the memory of this lobby possibly contains tickets that have left the queue. So the next round
          // reads all tickets again.
          this.queue.clear();
          await sleep(RETRY_MS);
        } finally {
          for (const done of before) done();
        }
        this.statistics.roundMs = performance.now() - began;
        if (this.queue.size > 0 || this.makingMatches.size > 0) this.busyAt = performance.now();
        else if (performance.now() - this.busyAt > IDLE_MS) break;
        await this.pause();
      }
    } finally {
      this.isStopped = true;
      for (const done of this.afterNext) done();
      // Removes the metric of the queue, because another lobby reports the queue from now on.
      this.ports.metrics?.matchTickets.remove({ game: this.game });
      await this.keep(0).catch(() => {});
    }
  }

  stop(): void {
    this.isStopped = true;
    this.wakeUp();
  }

  wake(): void {
    this.isWoken = true;
    this.wakeUp();
  }

  /**
   * Waits until a round has included this waiting ticket. Returns the result of `make` for the ticket's match. Null: the round found no
   * match.
   */
  async settle(ticket: string): Promise<unknown> {
    if (this.isStopped) return null;
    const seen = new Promise<void>((resolve) => this.afterNext.push(resolve));
    this.wake();
    await seen;
    return (await this.making.get(ticket)) ?? null;
  }

  /** Sends the players of a ticket the reason why they wait, if this runner knows the ticket. */
  async explain(id: string): Promise<void> {
    const waiting = this.queue.get(id);
    if (waiting) await this.tell(waiting.ticket);
  }

  /** Returns the waiting time of a ticket, and the reason why it waits. Null: this runner does not know the ticket. */
  progressOf(id: string): { readonly waitedMs: number; readonly explanation: MatchExplanation | null } | null {
    const waiting = this.queue.get(id);
    return waiting ? this.explained(waiting.ticket) : null;
  }

  private explained(ticket: StoredTicket): { readonly waitedMs: number; readonly explanation: MatchExplanation | null } {
    const explanation = (this.lastView && this.ports.strategy.explain?.(ticket, this.lastView)) ?? null;
    return { waitedMs: this.time.now() - ticket.since, explanation };
  }

  /** Renews the lease. Returns whether this lobby is still the runner. */
  private async isOurs(): Promise<boolean> {
    const { generation } = this.ports;
    if (!generation.isSettled) {
      // The store possibly contains older data. Makes no matches until all servers have restored their data.
      this.queue.clear();
      await sleep(RETRY_MS);
      return !this.isStopped && performance.now() - this.renewedAt < ROUNDS_LEASE_MS;
    }
    if (generation.current !== this.generation) return false;
    if (performance.now() - this.renewedAt < ROUNDS_LEASE_MS / 3) return true;
    try {
      return await this.keep(ROUNDS_LEASE_MS);
    } catch (error) {
      this.ports.log.debug('rounds.keep-failed', { game: this.game, error });
      return performance.now() - this.renewedAt < ROUNDS_LEASE_MS;
    }
  }

  private async keep(ttlMs: number): Promise<boolean> {
    const at = performance.now();
    const time = Math.round(this.time.now());
    this.storedTimes = [this.storedTimes.at(-1)!, time];
    const isOurs = await this.ports.store.keepRounds(this.game, this.ports.lobby, this.claim.fence, ttlMs, time);
    if (isOurs) this.renewedAt = at;
    return isOurs;
  }

  /**
   * Waits for a changed ticket, at most `ROUND_EVERY_MS`. Before that, sleeps for about as long as the strategy has blocked this process,
   * so that the lobby can do its other work.
   */
  private async pause(): Promise<void> {
    if (this.blockedMs > 1) await sleep(Math.min(this.blockedMs, ROUNDS_LEASE_MS / 4));
    if (this.isWoken || this.isStopped) {
      this.isWoken = false;
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ROUND_EVERY_MS);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wakeUp = () => {};
    this.isWoken = false;
  }

  private async round(): Promise<void> {
    const { store, strategy, host } = this.ports;
    this.blockedMs = 0;
    if (!this.ports.generation.isSettled) return;
    await this.readChanges();
    const rules = host.rulesOf(this.game);
    if (rules && this.queue.size > 0) {
      const { backfill, modes } = rules;
      const fills = [backfill, ...Object.values(modes ?? {}).map((mode) => mode.backfill)];
      const open = fills.some(({ running, waiting }) => running || waiting) ? await host.openRooms(this.game, rules) : [];
      const now = this.time.now();
      const rooms = this.vacancies.since(open, now);
      const view: MatchQueueView = {
        game: this.game,
        rules,
        now,
        tickets: this.queue.tickets,
        rooms,
        recent: this.statistics.recent,
      };
      this.lastView = view;
      const terms = { game: this.game, rules, rooms, now, matchesMax: ROUND_MATCHES_MAX, newId: () => host.newRoomId() };
      const began = performance.now();
      const { commits, refused } = commitsOf(strategy.match(view) as Iterable<ProposedMatch>, this.queue, terms);
      this.blockedMs = performance.now() - began;
      if (refused > 0) this.ports.log.warn('match.proposal-refused', { game: this.game, refused });
      const batches: Promise<void>[] = [];
      for (let at = 0; at < commits.length; at += COMMIT_MATCHES) batches.push(this.commit(commits.slice(at, at + COMMIT_MATCHES), rules));
      await Promise.all(batches);
      // Another lobby is the runner now. Leaves the overdue tickets to that lobby: this lobby may have been suspended for a long time, so
      // it could end tickets too early.
      if (this.isStopped) return;
      if (commits.length === ROUND_MATCHES_MAX) this.isWoken = true;
    }
    await this.endOverdue(rules);
    if (performance.now() - this.repairedAt > REPAIR_EVERY_MS) {
      this.repairedAt = performance.now();
      await this.repair(rules);
      await store.report(this.report());
    }
    this.tellSome();
  }

  private async readChanges(): Promise<void> {
    const { store } = this.ports;
    const isLoading = this.queue.lastChange === 0;
    let order = 0;
    for (;;) {
      const changes = await store.readChanges(this.game, this.queue.lastChange);
      const ended = this.queue.apply(changes, (ticket) => {
        order += 1;
        // The `since` of a new ticket is the last stored queue time, which is up to a third of the lease old. Uses the current queue time
        // instead, which is more exact.
        return !isLoading && this.storedTimes.includes(ticket.since) ? this.time.now() : ticket.since + order / 1_000;
      });
      for (const id of ended) this.told.delete(id);
      if (ended.length > 0) void store.forget(this.game, ended).catch(() => {});
      if (changes.length === 0) return;
    }
  }

  private async commit(commits: readonly CommitPlan[], rules: MatchRules): Promise<void> {
    const { store, log, generation } = this.ports;
    if (!generation.isSettled || generation.current !== this.generation) return;
    const committedAt = performance.now();
    const results = await store.commit(this.game, this.claim.fence, commits);
    if (results === null) {
      log.info('rounds.fenced', { game: this.game });
      this.isStopped = true;
      return;
    }
    for (const [index, { match, waiting }] of commits.entries()) {
      const changed = results[index];
      if (changed) {
        this.queue.remove(changed);
        continue;
      }
      for (const { id } of waiting) {
        this.queue.remove(id);
        this.told.delete(id);
      }
      this.statistics.matched(waiting, this.time.now());
      this.ports.metrics?.matches.inc({ game: this.game });
      for (const { since } of waiting) this.ports.metrics?.matchWaitSeconds.observe({ game: this.game }, (this.time.now() - since) / 1_000);
      if (match.stage === 'making') {
        this.make(match, waiting, committedAt);
        continue;
      }
      const { acceptMs = 0 } = rulesOfMode(rules, waiting[0]?.mode) ?? rules;
      const offered = this.ports.host.offer(match, waiting, acceptMs);
      offered.catch((error: unknown) => log.warn('match.offer-failed', { roomId: match.id, error }));
    }
  }

  /** Makes the room of a match. Makes at most `MAKES_AT_ONCE` rooms at the same time. */
  private make(match: MatchRecord, tickets: readonly StoredTicket[], committedAt?: number): void {
    this.makingMatches.add(match.id);
    const made = new Promise<unknown>((resolve) => {
      this.backlog.push(async () => {
        try {
          resolve(await this.ports.host.make(match, tickets, committedAt));
        } catch (error) {
          // The match stays in the store. The runner makes another attempt after `MATCH_ABANDONED_MS`.
          this.ports.log.warn('match.make-failed', { roomId: match.id, error });
          resolve(null);
        }
      });
      this.makeNext();
    });
    for (const { id } of tickets) this.making.set(id, made);
    void made.then(() => {
      this.makingMatches.delete(match.id);
      for (const { id } of tickets) if (this.making.get(id) === made) this.making.delete(id);
    });
  }

  private makeNext(): void {
    while (this.makes < MAKES_AT_ONCE) {
      const next = this.backlog.shift();
      if (!next) return;
      this.makes += 1;
      void next().then(() => {
        this.makes -= 1;
        this.makeNext();
      });
    }
  }

  /** Ends tickets that have waited too long, and tickets whose player has been away for longer than the grace. */
  private async endOverdue(rules: MatchRules | null): Promise<void> {
    const now = this.time.now();
    const [expired, gone]: [WaitingEntry[], WaitingEntry[]] = [[], []];
    for (const { ticket, change, isPaused } of this.queue.values()) {
      const { expireMs } = (rules && rulesOfMode(rules, ticket.mode)) ?? { expireMs: NO_RULES_EXPIRE_MS };
      if (now - ticket.since > expireMs) expired.push({ id: ticket.id, change });
      else if (isPaused && this.absences.ageMs(ticket.id, 'away') > this.ports.graceMs) gone.push({ id: ticket.id, change });
    }
    this.absences.nextRound();
    await this.end(expired, rules ? { event: 'expired', reason: 'timed-out' } : { event: 'expired', reason: 'no-game' });
    await this.end(gone, { event: 'expired', reason: 'gone' });
  }

  private async end(all: readonly WaitingEntry[], end: Parameters<MatchHost['ended']>[1]): Promise<void> {
    for (let at = 0; at < all.length; at += ENDED_AT_ONCE) {
      const ended = await this.ports.store.end(this.game, all.slice(at, at + ENDED_AT_ONCE), end);
      for (const { id } of ended) this.queue.remove(id);
      await this.ports.host.ended(ended, end);
    }
  }

  /**
   * Continues the work of lobbies that died: matches without a room, offers whose time is over, and tickets of parties that have changed.
   * The next call of this method repeats failed work. A failure does not delay other work.
   */
  private async repair(rules: MatchRules | null): Promise<void> {
    const { store, log } = this.ports;
    const parts = [
      () => this.repairMatches(rules),
      () => this.endChangedParties(),
      () => store.forgetEnds(this.game, this.time.now() - ENDS_KEPT_MS),
    ];
    for (const part of parts) await part().catch((error: unknown) => log.warn('rounds.repair-failed', { game: this.game, error }));
  }

  private async repairMatches(rules: MatchRules | null): Promise<void> {
    const { store, log } = this.ports;
    const open = await store.matches(this.game);
    const due = open.map((match) => ({ match, ageMs: this.stages.ageMs(match.id, match.stage) }));
    this.stages.nextRound();
    const repaired = async ({ match, ageMs }: (typeof due)[number]): Promise<void> => {
      try {
        await this.repairMatch(match, ageMs, rules);
      } catch (error) {
        log.warn('match.repair-failed', { roomId: match.id, error });
      }
    };
    for await (const some of inBatches(due)) await Promise.all(some.map(repaired));
  }

  /** @param ageMs the time for which the match has been in its stage */
  private async repairMatch(match: MatchRecord, ageMs: number, rules: MatchRules | null): Promise<void> {
    const { store, host, log } = this.ports;
    if (match.stage === 'offered') {
      const [first] = await store.read(this.game, match.tickets.slice(0, 1));
      const { acceptMs = 0 } = (rules && rulesOfMode(rules, first?.mode)) ?? {};
      if (ageMs > acceptMs) await host.lapse(match);
    } else if (ageMs > MATCH_ABANDONED_MS && !this.makingMatches.has(match.id)) {
      log.info('match.taken-up', { roomId: match.id });
      this.make(match, await store.read(this.game, match.tickets));
    }
  }

  private async endChangedParties(): Promise<void> {
    const turns = this.parties.next(() => this.partyTickets(), PARTIES_COMPARED);
    const parties = turns.flatMap((id) => this.queue.get(id)?.ticket ?? []);
    if (parties.length === 0) return;
    const changed = await this.ports.host.changedParties(parties);
    await this.end(
      changed.map(({ id }) => ({ id, change: this.queue.get(id)?.change ?? -1 })),
      { event: 'cancelled', reason: 'party-changed' },
    );
  }

  private *partyTickets(): Iterable<string> {
    for (const { ticket } of this.queue.values()) if (ticket.party !== undefined) yield ticket.id;
  }

  private report(): QueueReport {
    const { game, queue } = this;
    const now = this.time.now();
    const waits: number[] = [];
    let paused = 0;
    const modes = new Map<string | null, { tickets: number; longestWaitMs: number }>();
    for (const { ticket, isPaused } of queue.values()) {
      const waited = now - ticket.since;
      waits.push(waited);
      if (isPaused) paused += 1;
      const { tickets = 0, longestWaitMs = 0 } = modes.get(ticket.mode ?? null) ?? {};
      modes.set(ticket.mode ?? null, { tickets: tickets + 1, longestWaitMs: Math.max(longestWaitMs, Math.round(waited)) });
    }
    const byMode = [...modes].map(([mode, counts]) => ({ mode, ...counts }));
    this.ports.metrics?.matchTickets.set({ game }, queue.size);
    // Creates the counter with the value 0. Otherwise Prometheus would not see the increase at the first match.
    this.ports.metrics?.matches.inc({ game }, 0);
    const counts = { game, runner: this.ports.lobby, tickets: queue.size, players: queue.players, paused };
    return { ...counts, ...this.statistics.report(waits, now), byMode };
  }

  /** Sends progress messages to some of the waiting players, beginning with the players whose last message is the oldest. */
  private tellSome(): void {
    const at = performance.now();
    let budget = Math.ceil((PROGRESS_PER_SECOND * ROUND_EVERY_MS) / 1_000);
    for (const { ticket } of this.queue.values()) {
      const last = this.told.get(ticket.id);
      if (last === undefined) {
        this.told.set(ticket.id, at);
        continue;
      }
      if (at - last < PROGRESS_EVERY_MS) continue;
      if (budget-- <= 0) return;
      void this.tell(ticket);
    }
  }

  private async tell(ticket: StoredTicket): Promise<void> {
    this.told.set(ticket.id, performance.now());
    const { host, log } = this.ports;
    try {
      const { waitedMs, explanation } = this.explained(ticket);
      await host.progress(ticket, waitedMs, explanation);
    } catch (error) {
      log.debug('progress.failed', { game: this.game, error });
    }
  }
}

interface WaitingEntry {
  readonly id: string;
  readonly change: number;
}

/** Time in ms after which a ticket ends if no server offers its game any more. */
const NO_RULES_EXPIRE_MS = 60_000;
