import { LINK_HEADER, LINK_KIND, type LinkPeer, Links } from '#libs/link';
import { readContext, type TraceContext, Tracer } from '#libs/tracing';
import type { GatewaySession } from '../session/gateway-session.js';

/**
 * When a room comes to another owner by a recovery or by a move that an operator requested, adds the pauses of its players to the trace of
 * the recovery or move. The new owner sends the context of this trace directly before `placed`.
 */
export class PauseTraces {
  /** For each owner: the last announced trace, and the handle of the session whose `placed` follows. */
  private readonly announced = new WeakMap<LinkPeer, { readonly handle: number; readonly context: TraceContext }>();

  constructor(
    private readonly tracer: Tracer,
    links: Links,
  ) {
    const { handle, context } = LINK_HEADER.tracedPlaced;
    links.onFrame(LINK_KIND.tracedPlaced, (peer, frame) => {
      const trace = readContext(frame, context);
      if (trace) this.announced.set(peer, { handle: frame.readUInt32BE(handle), context: trace });
    });
  }

  /** Records the pause of a player, which ends now. */
  resumed({ handle, id, user, room, attachment }: GatewaySession, pausedMs: number): void {
    if (attachment.kind !== 'attached') return;
    const trace = this.announced.get(attachment.peer);
    if (trace?.handle !== handle) return;
    // Deletes the trace, because a later pause of the player has another cause.
    this.announced.delete(attachment.peer);
    const attributes = { 'enduser.id': user, 'session.id': id, 'holdfast.room': room ?? '' };
    this.tracer.begin('session.pause', attributes, trace.context, pausedMs).end();
  }
}

/** Provides the traces of pauses. Its value is null while tracing is off. */
export const pauseTraces = {
  provide: PauseTraces,
  inject: [{ token: Tracer, optional: true }, Links],
  useFactory: (tracer: Tracer | null | undefined, links: Links) => (tracer ? new PauseTraces(tracer, links) : null),
};
