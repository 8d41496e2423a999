/**
 * Whether so many servers are silent, or were condemned a moment ago, that one cause is likelier than as many deaths:
 * more than a third of the others, and at least two.
 */
export function isMassFailure(silentOrJustDead: number, others: number): boolean {
  return silentOrJustDead >= 2 && silentOrJustDead > others / 3;
}
