import { Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { SingleFlight } from '#libs/async';
import { ExtensionExplorer } from '#libs/extension';
import { Self, ServerRegistration } from '#libs/fleet';
import { PubSub, RedisConnections, StoreClock } from '#libs/redis';
import { EventLoopLag, Log, Metrics, ProcessLoad } from '#libs/telemetry';
import { HealthAnswerListener, HealthFacts } from '../ports.js';
import { answerCheck } from '../scripts/answer.js';

/**
 * Answers the health checks of this server. A check is a message on the server's channel. The answer is a write of the server's load into
 * its record.
 */
@Injectable()
export class HealthResponder implements OnModuleInit, OnApplicationBootstrap {
  private facts: HealthFacts | null = null;
  private listeners: readonly HealthAnswerListener[] = [];
  private readonly answers = new SingleFlight(() => this.answer());

  constructor(
    private readonly ports: ExtensionExplorer,
    private readonly self: Self,
    private readonly registration: ServerRegistration,
    private readonly redis: RedisConnections,
    private readonly pubSub: PubSub,
    private readonly lag: EventLoopLag,
    private readonly log: Log,
    private readonly clock: StoreClock,
    private readonly metrics: Metrics,
    private readonly load: ProcessLoad,
  ) {}

  onModuleInit(): void {
    this.facts = this.ports.single(HealthFacts);
    this.listeners = this.ports.all(HealthAnswerListener);
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.pubSub.subscribe(this.self.id, () => this.answerSoon());
    // Answers after a reconnect, because a check may have been lost while this server had no connection. An unneeded answer does no harm.
    this.pubSub.onReconnect(() => this.answerSoon());
  }

  /** Answers a check. For all checks that arrive while an answer is being written, writes only one further answer. */
  private answerSoon(): void {
    if (this.self.incarnation === 0) return;
    void this.answers.again().catch((error: unknown) => this.log.debug('health.answer-failed', { error }));
  }

  private async answer(): Promise<void> {
    const { rooms, players, capacity } = this.facts?.facts() ?? { rooms: 0, players: 0, capacity: 0 };
    if (this.facts) this.metrics.capacity.set(capacity);
    const facts = { rooms, players, capacity, lagMs: this.lag.takeP99Ms() };
    const { offsetMs } = this.clock;
    const { ackP99Ms, ...load } = this.load.read();
    // An empty field removes the value of an earlier answer.
    const fields = { ...facts, ...load, ackP99Ms: ackP99Ms ?? '', ...(offsetMs !== null && { clockOffsetMs: Math.round(offsetMs) }) };
    const answer = await answerCheck(this.redis.commands, this.self.id, this.self.incarnation, fields);
    if (answer !== 'ok') {
      await this.registration.checkOwnRecord();
      return;
    }
    for (const listener of this.listeners) await listener.answered(facts);
  }
}
