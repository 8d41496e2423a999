/**
 * Returns whether at least two servers, and more than a third of all servers but this one, fail at once. One common cause is then more
 * likely than so many independent failures.
 */
export function isMassFailure(silentOrJustDead: number, others: number): boolean {
  return silentOrJustDead >= 2 && silentOrJustDead > others / 3;
}
