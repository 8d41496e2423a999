import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { ServerId } from '#libs/protocol';
import { PubSub } from '#libs/redis';
import { Log } from '#libs/telemetry';
import { fleetChannel } from './fleet.options.js';

export const FLEET_EVENT_KINDS = ['registered', 'state', 'evicted', 'left', 'vote'] as const;

/** A message about a change of a server. The message can be lost, so a reader that needs certainty reads the record. */
export interface FleetEvent {
  readonly kind: (typeof FLEET_EVENT_KINDS)[number];
  readonly server: ServerId;
  readonly incarnation: number;
  readonly reason?: string;
}

export type FleetEventListener = (event: FleetEvent) => void;

/** Publishes and receives changes of servers on the channel `hf:fleet`. */
@Injectable()
export class FleetEvents implements OnModuleInit {
  private readonly listeners = new Set<FleetEventListener>();

  constructor(
    private readonly pubSub: PubSub,
    private readonly log: Log,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.pubSub.subscribe(fleetChannel(), (message) => this.receive(message));
  }

  on(listener: FleetEventListener): void {
    this.listeners.add(listener);
  }

  /** Calls `readAgain` after each reconnect to Redis. `readAgain` must read the records, because events may have been lost before. */
  onGap(readAgain: () => void): void {
    this.pubSub.onReconnect(readAgain);
  }

  async publish(event: FleetEvent): Promise<void> {
    await this.pubSub.publish(fleetChannel(), JSON.stringify(event));
  }

  private receive(message: string): void {
    const event = parse(message);
    if (!event) {
      this.log.debug('fleet.event-ignored', { message });
      return;
    }
    for (const listener of this.listeners) listener(event);
  }
}

function parse(message: string): FleetEvent | null {
  try {
    const event = JSON.parse(message) as FleetEvent | null;
    const isEvent =
      FLEET_EVENT_KINDS.includes(event?.kind as never) && typeof event?.server === 'string' && typeof event.incarnation === 'number';
    return isEvent ? event : null;
  } catch {
    return null;
  }
}
