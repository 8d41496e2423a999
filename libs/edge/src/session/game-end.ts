/**
 * The state of the gateway's message to the client about the end of the game.
 *
 * - `none`: the game runs, or there is no game.
 * - `sent`: the client has received the end of the game. After an `ended` of the owner, the record may still say that the game runs.
 * - `finishing`: the record says that the game has ended. `isSent`: the client has received the end. `finish` sends it if the owner does
 *   not, and is called once (`isStarted`).
 */
export type GameEnd =
  | { readonly kind: 'none' }
  | { readonly kind: 'sent' }
  | { readonly kind: 'finishing'; readonly isSent: boolean; readonly isStarted: boolean; readonly finish: () => Promise<void> };

export const NOT_ENDED: GameEnd = { kind: 'none' };
export const END_SENT: GameEnd = { kind: 'sent' };
