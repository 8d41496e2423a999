/**
 * Whether so many servers fail at once that one cause is more likely than as many independent failures: more than a third of the others, and
 * at least two.
 */
export function isMassFailure(silentOrJustDead: number, others: number): boolean {
  return silentOrJustDead >= 2 && silentOrJustDead > others / 3;
}
