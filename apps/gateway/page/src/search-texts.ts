import type { MatchMessage } from '#libs/client';

type Progress = Extract<MatchMessage, { event: 'searching' }>;

/**
 * Returns sentences about the progress of a search and the reasons why no match was found yet. Empty: the server has sent no progress yet.
 */
export function progressTexts(progress: Progress | null): string[] {
  if (!progress) return [];
  const { place, waiting, estimateMs, reason, paused } = progress;
  if (paused) return ['The search pauses while a player of your party is away.'];
  return [
    ...(place !== undefined && waiting !== undefined && waiting > 1 ? [`You are number ${place} of ${waiting} players.`] : []),
    ...(estimateMs !== undefined ? [`A match takes about ${durationText(estimateMs)}.`] : []),
    ...(reason !== undefined && reason !== '' ? [sentence(reason)] : []),
  ];
}

export function durationText(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function sentence(text: string): string {
  const begun = `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
