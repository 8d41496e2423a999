import type { Redis } from 'ioredis';
import { redisName } from '#libs/redis';

interface Told {
  readonly kind: string;
  readonly reason: string;
  readonly server?: string;
}

/** Collects the operator events of the fleet. */
export class ToldEvents {
  private readonly hearing: Redis;
  private told: Told[] = [];

  constructor(client: Redis) {
    this.hearing = client.duplicate();
    this.hearing.on('error', () => {});
    this.hearing.on('message', (_, text: string) => this.told.push(...(JSON.parse(text) as Told[])));
  }

  async open(): Promise<void> {
    await this.hearing.subscribe(redisName('events'));
  }

  /** Returns the events that arrived since the last call. */
  take(): readonly Told[] {
    return this.told.splice(0);
  }

  close(): void {
    this.hearing.disconnect();
  }
}

/** Returns whether an event matches a pattern such as `server.evicted unreachable|silent`: the kind, then the allowed reasons. */
export function isTold(wanted: string, { kind, reason }: Told): boolean {
  const [wantedKind, reasons] = wanted.split(' ');
  return kind === wantedKind && reasons.split('|').includes(reason);
}

const WORTH_A_LINE = /^(server\.(evicted|unheard|unreachable)|eviction\.held|players\.redirected|health\.void|room\.given-up)$/;

/** Counts the events that the report shows, by kind and reason. Counts migrated and recovered rooms together, as `rooms moved`. */
export function summaryOf(told: readonly Told[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind, reason } of told) {
    const name = kind === 'room.recovered' || kind === 'room.moved' ? 'rooms moved' : WORTH_A_LINE.test(kind) ? `${kind} ${reason}` : null;
    if (name !== null) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
