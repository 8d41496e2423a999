export const CHAT_OPTIONS = Symbol('ChatOptions');

/** The limits of chats. `docs/settings.md` describes each limit under a similar name, such as `CHAT_KEPT` for `kept`. */
export interface ChatOptions {
  /** Maximum number of messages that the store keeps for one channel. Players who join later can read them. */
  readonly kept: number;
  /** Time in ms after the last message of a channel until the store deletes the channel. */
  readonly ttlMs: number;
  /** Rate limit of one user in one channel: messages per minute on average. */
  readonly perMinute: number;
  /** Maximum number of messages that one user may send at once in one channel. */
  readonly burst: number;
  /** Time limit for the moderation of one message, in ms. */
  readonly moderationMs: number;
}

export const CHAT_DEFAULTS: ChatOptions = { kept: 100, ttlMs: 86_400_000, perMinute: 20, burst: 5, moderationMs: 2_000 };

/**
 * Rate limit of one channel, for all users together: messages per minute on average. Each message in the chat of a lobby is one frame for
 * every session that follows the lobby.
 */
export const CHANNEL_PER_MINUTE = 300;
/** Maximum number of messages that all users together may send at once in one channel. */
export const CHANNEL_BURST = 50;

/**
 * Number of recent message ids that the store keeps for one user in one channel, to recognize repeated messages. It must exceed the 16
 * unanswered messages that a gateway accepts.
 */
export const IDS_KEPT = 32;
/** Time for which the store recognizes a repeated message, in ms. It is longer than the time for which a client repeats a message. */
export const IDS_TTL_MS = 600_000;
/** Maximum number of users who are muted in one channel. */
export const MUTED_MAX = 1_000;

/**
 * After a gateway has subscribed to a channel, it delivers the stored messages up to this age, in ms. Otherwise players would miss messages
 * that were published after the client's read and before the gateway subscribed.
 */
export const RECENT_MS = 5_000;
/** Interval in ms at which a gateway removes the followers of lobby chats who have no open connection. */
export const SWEEP_MS = 30_000;
