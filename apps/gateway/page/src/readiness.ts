import type { RoomMember, RoomView, UserId } from '#libs/protocol';

/** What keeps a waiting room from playing, seen by one of its members. */
export type Readiness =
  | { readonly kind: 'too-few'; readonly missing: number }
  | { readonly kind: 'unready'; readonly who: readonly RoomMember[] }
  /** Everyone is; its owner's page starts the game. */
  | { readonly kind: 'ready' };

/** @param seatsMin the fewest that the game is played by */
export function readinessOf(view: RoomView, seatsMin: number): Readiness {
  const missing = seatsMin - view.members.length;
  if (missing > 0) return { kind: 'too-few', missing };
  const who = view.members.filter(({ ready }) => !ready);
  return who.length > 0 ? { kind: 'unready', who } : { kind: 'ready' };
}

/** Only the owner may start; of all pages this one does, then, once everyone is ready, the owner too. */
export function shouldStart(view: RoomView, me: UserId, seatsMin: number): boolean {
  return view.status === 'waiting' && view.owner === me && readinessOf(view, seatsMin).kind === 'ready';
}
