/**
 * Whether at least two servers, and more than a third of the others, fail at once. One common cause is then more likely than as many
 * independent failures.
 */
export function isMassFailure(silentOrJustDead: number, others: number): boolean {
  return silentOrJustDead >= 2 && silentOrJustDead > others / 3;
}
