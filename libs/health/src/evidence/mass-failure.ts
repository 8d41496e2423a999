/**
 * Returns whether at least two servers, and more than a third of all observed servers, fail at the same time. Their failures then probably
 * have one common cause. `others`: the number of observed servers.
 */
export function isMassFailure(silentOrJustDead: number, others: number): boolean {
  return silentOrJustDead >= 2 && silentOrJustDead > others / 3;
}
