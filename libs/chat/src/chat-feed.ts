import { type ChatEntry, encodeServerMessage } from '#libs/protocol';
import type { ChatTarget } from './chat-keys.js';
import type { History } from './chat-store.js';

/**
 * Sends each message of one channel once and in order. A gap in the numbers means that a published message was lost. The feed then reads
 * the stored messages.
 */
export class ChatFeed {
  private isReading = false;
  private mustReadAgain = false;

  /**
   * @param read returns the stored messages above the number `after` (null: the recent messages), and the number of the newest message
   * @param send sends a frame to the followers
   * @param last the feed sends the messages above this number; null: the feed first reads the stored messages
   */
  constructor(
    private readonly target: ChatTarget,
    private readonly read: (after: number | null) => Promise<Pick<History, 'entries' | 'last'>>,
    private readonly send: (frame: Uint8Array) => void,
    private last: number | null = null,
  ) {}

  /** Sends a published message. If earlier messages are missing, first reads them from the store. */
  take(entry: ChatEntry): void {
    if (this.isReading || this.last === null || entry.seq > this.last + 1) void this.catchUp();
    else if (entry.seq === this.last + 1) this.deliver(entry);
  }

  /**
   * Sends the messages above this number again if the feed has already sent them. A new follower has missed the messages between its read
   * of the store and the start of its subscription. The other followers ignore the repeated messages.
   */
  repeatAfter(seq: number): void {
    if (this.last === null || this.last <= seq) return;
    this.last = seq;
    void this.catchUp();
  }

  /**
   * Sends the stored messages that the feed has not sent yet. Call this method after `PubSub` has subscribed to the channel, and after each
   * reconnect. The promise never rejects.
   */
  async catchUp(): Promise<void> {
    if (this.isReading) {
      this.mustReadAgain = true;
      return;
    }
    this.isReading = true;
    try {
      do {
        this.mustReadAgain = false;
        const { last: after } = this;
        const { entries, last } = await this.read(after);
        // `repeatAfter` was called during the read, so the answer lacks messages. The feed reads again.
        if (this.last !== after) continue;
        for (const entry of entries) if (this.last === null || entry.seq > this.last) this.deliver(entry);
        this.last = Math.max(this.last ?? 0, last);
      } while (this.mustReadAgain);
    } catch {
      // If the store does not answer, the next message or reconnect starts another read. Until then a client sees a gap in the numbers of
      // the messages.
    } finally {
      this.isReading = false;
    }
  }

  private deliver(entry: ChatEntry): void {
    this.last = entry.seq;
    const { target } = this;
    const channel = 'room' in target ? { room: target.room } : { lobby: target.lobby };
    this.send(encodeServerMessage({ kind: 'chat', ...channel, ...entry }));
  }
}
