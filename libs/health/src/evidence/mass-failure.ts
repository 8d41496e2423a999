/**
 * Returns whether at least two servers, and more than a third of the other servers, fail at the same time. A common cause is then more
 * likely than so many independent failures.
 */
export function isMassFailure(silentOrJustDead: number, others: number): boolean {
  return silentOrJustDead >= 2 && silentOrJustDead > others / 3;
}
