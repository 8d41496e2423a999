import type { RoomMember, RoomView, UserId } from '#libs/protocol';

export type RoomReadiness =
  | { readonly kind: 'too-few'; readonly missing: number }
  | { readonly kind: 'unready'; readonly who: readonly RoomMember[] }
  /** All members are ready, so the page of the host starts the game. */
  | { readonly kind: 'ready' };

/**
 * Returns the reason why the game of a waiting room has not started.
 * @param seatsMin minimum number of players of the game
 */
export function readinessOf(view: RoomView, seatsMin: number): RoomReadiness {
  const missing = seatsMin - view.members.length;
  if (missing > 0) return { kind: 'too-few', missing };
  const who = view.members.filter(({ ready }) => !ready);
  return who.length > 0 ? { kind: 'unready', who } : { kind: 'ready' };
}

/**
 * Returns whether this page must start the game. Only the host may start a game, so the host's page starts it once all members are ready.
 */
export function shouldStart(view: RoomView, me: UserId, seatsMin: number): boolean {
  return view.status === 'waiting' && view.owner === me && readinessOf(view, seatsMin).kind === 'ready';
}
