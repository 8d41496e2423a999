export const CHAT_OPTIONS = Symbol('ChatOptions');

/** The limits of chats. Each limit is a setting with a similar name, such as `CHAT_KEPT` for `kept`, and is documented there. */
export interface ChatOptions {
  /** Number of messages that a channel stores for players who join later. */
  readonly kept: number;
  /** Time after the last message after which a channel is deleted, in ms. */
  readonly ttlMs: number;
  /** Number of messages that a user may send to one channel: per minute on average, and at once. */
  readonly perMinute: number;
  readonly burst: number;
  /** Time limit for the moderation of one message, in ms. */
  readonly moderationMs: number;
}

export const CHAT_DEFAULTS: ChatOptions = { kept: 100, ttlMs: 86_400_000, perMinute: 20, burst: 5, moderationMs: 2_000 };

/**
 * Number of messages that all users together may send to one channel: per minute on average, and at once. Each message to a lobby is a
 * frame for every session there, and no player can read more messages.
 */
export const CHANNEL_PER_MINUTE = 300;
export const CHANNEL_BURST = 50;

/** Number of the last messages of one user and channel that the server recognizes when they are repeated. A gateway accepts 16 at once. */
export const IDS_KEPT = 32;
/** Time for which the server recognizes a repeated message, in ms: longer than a client repeats one. */
export const IDS_TTL_MS = 600_000;
/** Maximum number of users who are muted in one channel. */
export const MUTED_MAX = 1_000;

/**
 * Age in ms up to which a gateway delivers the stored messages of a channel that it begins to follow. A message that was published between
 * the first read of a client and the subscription of its gateway is younger than this.
 */
export const RECENT_MS = 5_000;
/** Interval at which a gateway forgets the followers of a lobby whose connections are gone, in ms. */
export const SWEEP_MS = 30_000;
