import { nowMs } from '../tools.js';
import type { Tally, Tapper } from './crowd.js';
import type { Wire } from './wire.js';

/** One who sends the same bytes again and again, and knows by one byte of what comes back whether that was its own. */
export class PeerPlayer implements Tapper {
  private readonly sentAt: number[] = [];

  /**
   * @param payloadAt where in a frame a tap's payload begins; 0: the frame is something else
   * @param mark the first byte of this one's payloads; null: whatever comes back is its own
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
