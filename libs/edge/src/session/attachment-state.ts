import type { LinkPeer } from '#libs/link';
import type { PauseReason } from '#libs/protocol';

/**
 * The part of the game that the client has seen. `nothing`: the client has no state of the game. `game`: the client has received the state.
 * `pause`: the client has received `paused`, and not yet `resumed`. `since` is in ms of the monotonic clock.
 */
export type ClientView = { readonly saw: 'nothing' } | { readonly saw: 'game' } | { readonly saw: 'pause'; readonly since: number };

/**
 * The attachment of a session to the owner of its room, as the gateway sees it.
 *
 * - `none`: no game runs, or the session takes no part in the game.
 * - `attaching`: the gateway requests the attachment. `peer`: the link to the owner, or null while there is none.
 * - `attached`: the owner has confirmed with `placed`, and sends frames.
 * - `slow`: the owner sends no syncs, because the backlog of the connection is large. Other frames still pass.
 * - `paused`: the room waits for an owner.
 *
 * `epoch` is the highest known epoch of the room; the gateway drops frames of lower epochs. `round` is the round of the attachment.
 */
export type AttachmentState =
  | { readonly kind: 'none'; readonly epoch: number; readonly client: ClientView }
  | {
      readonly kind: 'attaching';
      readonly epoch: number;
      readonly client: ClientView;
      readonly round: number;
      readonly peer: LinkPeer | null;
      readonly since: number;
    }
  | { readonly kind: 'attached'; readonly epoch: number; readonly client: ClientView; readonly round: number; readonly peer: LinkPeer }
  | { readonly kind: 'slow'; readonly epoch: number; readonly client: ClientView; readonly round: number; readonly peer: LinkPeer }
  | { readonly kind: 'paused'; readonly epoch: number; readonly client: ClientView };

/** An event that may change the attachment of a session. All times are in ms of the monotonic clock. */
export type AttachmentEvent =
  /** The record of the room names an owner to which the session must be attached. */
  | { readonly kind: 'attach'; readonly epoch: number; readonly round: number; readonly now: number }
  /** The gateway has sent the request for the attachment on this link. */
  | { readonly kind: 'requested'; readonly peer: LinkPeer }
  /** The owner has sent `placed`. */
  | { readonly kind: 'placed'; readonly now: number }
  /** The owner is gone, does not answer, or has refused the attachment. */
  | { readonly kind: 'lost'; readonly reason: PauseReason; readonly now: number }
  /** The owner does not answer on its link. */
  | { readonly kind: 'stalled'; readonly now: number }
  /** The owner answers on its link again. */
  | { readonly kind: 'recovered' }
  /** The backlog of the connection is too large. */
  | { readonly kind: 'slow' }
  /**
   * The owner has no seat for the session, or the game ended while the backlog of the connection was too large. A client that has received
   * `paused` still waits until a later owner sends `resumed`.
   */
  | { readonly kind: 'dropped' }
  /** The client has received the end of the game, or no game runs. */
  | { readonly kind: 'ended' }
  /** The session leaves the room, or its connection is lost or was replaced. */
  | { readonly kind: 'detach'; readonly gone: DetachReason };

export type DetachReason = 'left' | 'away' | 'slow';

/** A message that the gateway must send: to the client (`paused`, `resumed`) or to the owner (`detach`). */
export type AttachmentOutput =
  | { readonly kind: 'paused'; readonly reason: PauseReason }
  /** `pausedMs`: the duration of the pause, in ms. Null: the same owner answers again, so the game itself had no pause. */
  | { readonly kind: 'resumed'; readonly pausedMs: number | null }
  | { readonly kind: 'detach'; readonly peer: LinkPeer; readonly gone: DetachReason };

export interface AttachmentStep {
  readonly state: AttachmentState;
  readonly output: AttachmentOutput | null;
}

const NOTHING: ClientView = { saw: 'nothing' };
const GAME: ClientView = { saw: 'game' };

/** The state of a session that was never attached, for example because it is in no room. */
export const UNATTACHED: AttachmentState = { kind: 'none', epoch: 0, client: NOTHING };

/** Returns the next state and the message to send. Null: the event has no effect in this state. */
export function nextAttachment(state: AttachmentState, event: AttachmentEvent): AttachmentStep | null {
  const cell = TABLE[state.kind][event.kind] as Cell<AttachmentState, AttachmentEvent> | null;
  return cell === null ? null : cell(state, event);
}

export function peerOf(state: AttachmentState): LinkPeer | null {
  return state.kind === 'none' || state.kind === 'paused' ? null : state.peer;
}

type Event<Kind extends AttachmentEvent['kind']> = Extract<AttachmentEvent, { kind: Kind }>;
type State<Kind extends AttachmentState['kind']> = Extract<AttachmentState, { kind: Kind }>;
type Cell<S, E> = (state: S, event: E) => AttachmentStep | null;

/** The transitions: a row for each state and a column for each event. Null: the event has no effect. */
const TABLE: {
  readonly [S in AttachmentState['kind']]: {
    readonly [E in AttachmentEvent['kind']]: Cell<State<S>, Event<E>> | null;
  };
} = {
  none: {
    attach,
    requested: null,
    placed: null,
    lost: null,
    stalled: null,
    recovered: null,
    slow: null,
    dropped: null,
    ended: end,
    detach,
  },
  attaching: {
    attach,
    requested: (state, { peer }) => silently({ ...state, peer }),
    placed,
    lost: pause,
    stalled: null,
    recovered: null,
    slow: null,
    dropped: drop,
    ended: end,
    detach,
  },
  attached: {
    attach,
    requested: null,
    placed,
    lost: pause,
    stalled: stall,
    recovered: recover,
    slow: (state) => ({ state: { ...state, kind: 'slow' }, output: { kind: 'detach', peer: state.peer, gone: 'slow' } }),
    dropped: drop,
    ended: end,
    detach,
  },
  slow: {
    attach,
    requested: null,
    placed: null,
    lost: pause,
    stalled: null,
    recovered: null,
    slow: null,
    dropped: drop,
    ended: end,
    detach,
  },
  paused: {
    attach,
    requested: null,
    placed: null,
    lost: null,
    stalled: null,
    recovered: null,
    slow: null,
    dropped: null,
    ended: end,
    detach,
  },
};

/**
 * Begins an attachment, and forgets the link to the former owner. A drained owner closes its link after its last room has moved, and the
 * loss of this link must not pause the session.
 */
function attach({ client }: AttachmentState, { epoch, round, now }: Event<'attach'>): AttachmentStep {
  return silently({ kind: 'attaching', epoch, client, round, peer: null, since: now });
}

/** Confirms the attachment. A `placed` that arrives before the request is sent belongs to an earlier attachment, and has no effect. */
function placed(state: State<'attaching'> | State<'attached'>, { now }: Event<'placed'>): AttachmentStep | null {
  const { epoch, client, round, peer } = state;
  if (peer === null) return null;
  const output: AttachmentOutput | null = client.saw === 'pause' ? { kind: 'resumed', pausedMs: now - client.since } : null;
  return { state: { kind: 'attached', epoch, client: GAME, round, peer }, output };
}

/** Waits for an owner. Sends no `paused` to a client that has no state of the game or has already received `paused`. */
function pause({ epoch, client }: AttachmentState, { reason, now }: Event<'lost'>): AttachmentStep {
  if (client.saw !== 'game') return silently({ kind: 'paused', epoch, client });
  return { state: { kind: 'paused', epoch, client: { saw: 'pause', since: now } }, output: { kind: 'paused', reason } };
}

function stall(state: State<'attached'>, { now }: Event<'stalled'>): AttachmentStep | null {
  if (state.client.saw === 'pause') return null;
  return { state: { ...state, client: { saw: 'pause', since: now } }, output: { kind: 'paused', reason: 'server-silent' } };
}

function recover(state: State<'attached'>): AttachmentStep | null {
  if (state.client.saw !== 'pause') return null;
  return { state: { ...state, client: GAME }, output: { kind: 'resumed', pausedMs: null } };
}

/** Ends the attachment. A client that has received `paused` still receives `resumed` from the next owner. */
function drop({ epoch, client }: AttachmentState): AttachmentStep {
  return silently({ kind: 'none', epoch, client: client.saw === 'pause' ? client : NOTHING });
}

/** Ends the attachment at the end of the game. Keeps the epoch, so that only an owner with a higher epoch can attach the session again. */
function end({ epoch }: AttachmentState): AttachmentStep {
  return silently({ kind: 'none', epoch, client: NOTHING });
}

/**
 * Detaches the session from its owner. In the state `slow`, the owner has already detached the session, so the owner receives no message.
 */
function detach(state: AttachmentState, { gone }: Event<'detach'>): AttachmentStep {
  const peer = state.kind === 'slow' ? null : peerOf(state);
  return { state: UNATTACHED, output: peer && { kind: 'detach', peer, gone } };
}

function silently(state: AttachmentState): AttachmentStep {
  return { state, output: null };
}
