import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy, Optional } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { ObservedAges } from '#libs/async';
import { Self } from '#libs/fleet';
import { PubSub, RedisConnections } from '#libs/redis';
import { StoreGeneration } from '#libs/room-store';
import { Log, Metrics } from '#libs/telemetry';
import { MatchStrategy } from '../strategy/match-strategy.js';
import { GameRounds, type GameRoundsPorts } from './game-rounds.js';
import { MatchHost } from './match-host.js';
import { CLAIM_EVERY_MS, ROUNDS_LEASE_MS } from './matchmaking.options.js';
import { queueChannel, TicketStore } from './ticket-store.js';

export const ROUNDS_OPTIONS = Symbol('RoundsOptions');

export interface RoundsOptions {
  /** Time for which a player may be away before the ticket ends, in ms. */
  readonly graceMs: number;
}

/**
 * Time in ms without a change of the stored queue time after which the runner is dead. This lobby measures the time with its own clock, so
 * a change of Redis' clock has no effect.
 */
const DEAD_RUNNER_MS = 3 * ROUNDS_LEASE_MS;

/** The message on the channel of a queue with which a lobby requests an explanation from the runner: the reason why a ticket waits. */
const EXPLAIN = 'explain ';

/**
 * Runs the rounds of all games whose runner is this lobby. A game has one runner at a time. The other lobbies try to become the runner, so
 * that the rounds continue when the runner dies.
 */
@Injectable()
export class MatchRounds implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly running = new Map<string, GameRounds>();
  private readonly claiming = new Map<string, Promise<GameRounds | null>>();
  private readonly ending = new Set<Promise<void>>();
  private readonly othersTimes = new ObservedAges();
  private readonly ports: GameRoundsPorts;
  private isStarted = false;
  private isOver = false;

  constructor(
    private readonly redis: RedisConnections,
    private readonly pubSub: PubSub,
    store: TicketStore,
    strategy: MatchStrategy,
    host: MatchHost,
    generation: StoreGeneration,
    self: Self,
    log: Log,
    @Inject(ROUNDS_OPTIONS) { graceMs }: RoundsOptions,
    @Optional() metrics?: Metrics,
  ) {
    this.ports = { store, strategy, host, generation, log, graceMs, lobby: self.id, ...(metrics && { metrics }) };
  }

  onApplicationBootstrap(): void {
    this.isStarted = true;
  }

  /** Releases the leases of this lobby, so that other lobbies can become the runners at once. */
  async onModuleDestroy(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.claiming.values());
    for (const rounds of this.running.values()) rounds.stop();
    await Promise.all(this.ending);
  }

  /** Tries to become the runner of all games without a runner. */
  @Interval(CLAIM_EVERY_MS)
  async claimAll(): Promise<void> {
    if (!this.isStarted || !this.canRun) return;
    try {
      for (const game of await this.ports.store.games()) if (!this.running.has(game)) await this.claim(game);
      this.othersTimes.nextRound();
    } catch (error) {
      this.ports.log.debug('rounds.claim-failed', { error });
    }
  }

  /**
   * Runs a round for a ticket that this lobby has added. Returns the result of `make` for the ticket's match. Null: there is no match yet,
   * or another lobby is the runner of the game.
   */
  async settle(game: string, ticket: string): Promise<unknown> {
    const rounds = this.running.get(game) ?? (this.canRun ? await this.claim(game).catch(() => null) : null);
    return rounds ? rounds.settle(ticket) : null;
  }

  /** Asks the runner of the game to send the players of a ticket the reason why the ticket waits. */
  async explain(game: string, ticket: string): Promise<void> {
    const rounds = this.running.get(game);
    if (rounds) await rounds.explain(ticket);
    else await this.pubSub.publish(queueChannel(game), EXPLAIN + ticket);
  }

  /** Returns the waiting time of a ticket and the reason why it waits, if this lobby is the runner of the game. */
  progressOf(game: string, ticket: string): ReturnType<GameRounds['progressOf']> {
    return this.running.get(game)?.progressOf(ticket) ?? null;
  }

  private get canRun(): boolean {
    return !this.isOver && this.redis.isReady && this.ports.generation.isSettled;
  }

  private claim(game: string): Promise<GameRounds | null> {
    const claiming = this.claiming.get(game) ?? this.claimNow(game).finally(() => this.claiming.delete(game));
    this.claiming.set(game, claiming);
    return claiming;
  }

  private async claimNow(game: string): Promise<GameRounds | null> {
    const { store, lobby, log } = this.ports;
    let claim = await store.claimRounds(game, lobby, ROUNDS_LEASE_MS);
    if (claim && !claim.isHeld && this.othersTimes.ageMs(game, `${claim.fence} ${claim.time}`) > DEAD_RUNNER_MS)
      claim = await store.claimRounds(game, lobby, ROUNDS_LEASE_MS, claim.fence);
    if (!claim?.isHeld || this.isOver) return null;
    const rounds = new GameRounds(game, this.ports, claim);
    this.running.set(game, rounds);
    log.info('rounds.begun', { game, fence: claim.fence });
    const onMessage = (message: string): void => {
      if (message.startsWith(EXPLAIN)) void rounds.explain(message.slice(EXPLAIN.length));
      else rounds.wake();
    };
    await this.pubSub.subscribe(queueChannel(game), onMessage);
    const ending = rounds.run().finally(async () => {
      this.running.delete(game);
      this.ending.delete(ending);
      log.info('rounds.ended', { game });
      await this.pubSub.unsubscribe(queueChannel(game), onMessage);
    });
    this.ending.add(ending);
    return rounds;
  }
}
