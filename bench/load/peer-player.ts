import { nowMs } from '../tools.js';
import type { Tally, Tapper } from './crowd.js';
import type { Wire } from './wire.js';

/** A player that sends the same bytes repeatedly, and recognizes its own messages by one byte. */
export class PeerPlayer implements Tapper {
  private readonly sentAt: number[] = [];

  /**
   * @param payloadAt returns the offset of a tap's payload in a frame; 0: the frame is something else
   * @param mark the first byte of this player's payloads; null: every received message is its own
   */
  constructor(
    private readonly wire: Wire,
    private readonly bytes: Buffer,
    private readonly payloadAt: (frame: Buffer) => number,
    private readonly mark: number | null,
    private readonly tally: Tally,
  ) {
    wire.onFrame = (frame) => this.receive(frame);
  }

  get outstanding(): number {
    return this.sentAt.length;
  }

  tap(times = 1): void {
    if (times > 1) {
      this.wire.together(() => {
        for (let time = 0; time < times; time++) this.tap();
      });
      return;
    }
    this.sentAt.push(nowMs());
    this.wire.write(this.bytes);
  }

  close(): void {
    this.wire.close();
  }

  private receive(frame: Buffer): void {
    const at = this.payloadAt(frame);
    if (at === 0) return;
    this.tally.delivered();
    if (this.mark !== null && frame[at] !== this.mark) return;
    const sentAt = this.sentAt.shift();
    if (sentAt !== undefined) this.tally.acknowledged(this, nowMs() - sentAt);
  }
}
