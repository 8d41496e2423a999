import type { RoomId, ServerId } from '#libs/protocol';
import type { Severity } from './event-severity.js';

/** All kinds of operator events. */
export const OPERATOR_EVENT_KINDS = [
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
  'store.policy-wrong',
  'store.policy-right',
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
/** The kind of an operator event. `docs/operations.md` describes each kind. */
export type OperatorEventKind = (typeof OPERATOR_EVENT_KINDS)[number];

/** An operator event. The process that caused or observed the event reports it. */
export interface OperatorEvent {
  readonly kind: OperatorEventKind;
  /** The reason of the event: one word or a short sentence, never empty. */
  readonly reason: string;
  readonly server?: ServerId;
  readonly incarnation?: number;
  readonly room?: RoomId;
  readonly detail?: Readonly<Record<string, unknown>>;
}

export interface PublishedOperatorEvent extends OperatorEvent {
  /** The id of the event, unique in the fleet. All receivers of an event see the same id. */
  readonly id: string;
  /**
   * The urgency of the event. Undefined: a server of an earlier build published the event. `severityOf` returns a severity for such an
   * event, too.
   */
  readonly severity?: Severity;
  /** The server that published the event. */
  readonly by: ServerId;
  /** The store time of the publication, in ms since 1970, as the publishing server estimates it. */
  readonly at: number;
}

/**
 * Port: publishes operator events. `publish` must not throw or wait, because evictions and recoveries call it. The events of one process
 * arrive in the order in which the process published them. Any event can be lost, so a reader that needs certainty reads the records.
 *
 * To add a sink, such as a pager or a data warehouse, mark a provider with `@Extension(EventSink)`. Several sinks are allowed. Each sink
 * gets all events of its process. Sinks do not replace the event stream of the admin API, which also gets all events. See
 * `docs/extending.md`.
 */
export abstract class EventSink {
  /** Publishes an event. Returns at once. */
  abstract publish(event: OperatorEvent): void;
}
