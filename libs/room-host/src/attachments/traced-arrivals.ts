import type { LinkPeer } from '#libs/link';
import { type TraceContext, Tracer } from '#libs/tracing';
import type { HostedRoom } from '../room/hosted-room.js';
import { HostedRooms } from '../room/hosted-rooms.js';

/** Time after the arrival of a room on this server, in ms. Attachments within this time belong to the trace of the arrival. */
const ARRIVAL_MS = 60_000;

interface Arrival {
  readonly context: TraceContext;
  readonly at: number;
}

/**
 * When a room comes to this server, sends the trace of the operation that moved the room, such as a recovery, to the gateways of the room's
 * players. The gateways add the pauses of their players to this trace.
 */
export class TracedArrivals {
  private readonly arrivals = new Map<HostedRoom, Arrival>();

  constructor(tracer: Tracer, rooms: HostedRooms) {
    rooms.onAdded((room) => {
      const context = tracer.active;
      if (context) this.arrivals.set(room, { context, at: performance.now() });
    });
    rooms.onDropped((room) => this.arrivals.delete(room));
  }

  /** Announces the trace of the room's arrival. Call it directly before `placed` is sent to the session. */
  announce(room: HostedRoom, peer: LinkPeer, handle: number): void {
    const arrival = this.arrivals.get(room);
    if (!arrival) return;
    if (performance.now() - arrival.at < ARRIVAL_MS) peer.sendPlacedTrace(handle, arrival.context);
    else this.arrivals.delete(room);
  }
}

/** Provides the traces of arrivals. The provided value is null while tracing is off. */
export const tracedArrivals = {
  provide: TracedArrivals,
  inject: [{ token: Tracer, optional: true }, HostedRooms],
  useFactory: (tracer: Tracer | null | undefined, rooms: HostedRooms) => (tracer ? new TracedArrivals(tracer, rooms) : null),
};
