export const CHAT_OPTIONS = Symbol('ChatOptions');

/** The limits of chats. `docs/settings.md` describes each limit under a similar name, such as `CHAT_KEPT` for `kept`. */
export interface ChatOptions {
  /** Number of messages that a channel stores for players who join later. */
  readonly kept: number;
  /** Time after its last message at which a channel is deleted, in ms. */
  readonly ttlMs: number;
  /** Limits for the messages of one user in one channel: the average per minute, and the number at once. */
  readonly perMinute: number;
  readonly burst: number;
  /** Time limit for the moderation of one message, in ms. */
  readonly moderationMs: number;
}

export const CHAT_DEFAULTS: ChatOptions = { kept: 100, ttlMs: 86_400_000, perMinute: 20, burst: 5, moderationMs: 2_000 };

/**
 * Limits for the messages of all users together in one channel: the average per minute, and the number at once. Each message to a lobby is
 * a frame for every session there, and players cannot read more messages.
 */
export const CHANNEL_PER_MINUTE = 300;
export const CHANNEL_BURST = 50;

/**
 * Number of recent message ids that the store keeps for one user in one channel, to recognize repeated messages. It is above 16, which is
 * the number of unanswered messages that a gateway accepts.
 */
export const IDS_KEPT = 32;
/** Time for which the server recognizes a repeated message, in ms. A client repeats a message only for a shorter time. */
export const IDS_TTL_MS = 600_000;
/** Maximum number of users who are muted in one channel. */
export const MUTED_MAX = 1_000;

/**
 * Age in ms up to which a gateway delivers the stored messages of a channel that it begins to follow. It covers the messages that were
 * published after a client's first read and before the subscription of its gateway.
 */
export const RECENT_MS = 5_000;
/** Interval in ms at which a gateway removes those followers of a lobby whose connections are closed. */
export const SWEEP_MS = 30_000;
