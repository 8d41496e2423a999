import type { RoomId, ServerId } from '#libs/protocol';

/** Everything that can happen to servers and rooms and that an operator may want to see. */
export const HAPPENING_KINDS = [
  'server.registered',
  'server.state',
  'server.left',
  'server.suspect',
  'server.unheard',
  'server.heard',
  'server.unreachable',
  'server.reachable',
  'server.clock-wrong',
  'server.clock-right',
  'server.evicted',
  'server.cordoned',
  'server.uncordoned',
  'server.drained',
  'eviction.held',
  'players.redirected',
  'health.void',
  'recovery.started',
  'recovery.done',
  'room.started',
  'room.ended',
  'room.moved',
  'room.recovered',
  'room.dropped',
  'room.given-up',
] as const;
export type HappeningKind = (typeof HAPPENING_KINDS)[number];

/** What happened, told by the process that did it or saw it. */
export interface Happening {
  readonly kind: HappeningKind;
  /** Why: one word or a short sentence, never empty. */
  readonly reason: string;
  readonly server?: ServerId;
  readonly incarnation?: number;
  readonly room?: RoomId;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** As it travels. */
export interface ToldHappening extends Happening {
  /** Unique in the fleet, and the same for all who hear it. */
  readonly id: string;
  /** Who tells it. */
  readonly by: ServerId;
  /** In ms since 1970, by the store's clock as the teller knows it. */
  readonly at: number;
}

/**
 * Where happenings go. `tell` returns at once, never throws and never waits, since it is called in the middle of
 * evictions and recoveries. Those of one process keep their order; any may be lost: whoever needs the truth reads the
 * records. One of your own (a pager, a warehouse): `FleetModule.forRoot({ …, eventSink: MySink })`; extend
 * `RedisEventSink` where the admin API's event stream is to go on as well.
 */
export abstract class EventSink {
  abstract tell(happening: Happening): void;
}
