import { encodePlayerMessage } from '#libs/protocol';
import { nowMs } from '../tools.js';
import { type Way, Wire } from './wire.js';

/** Sends what a `Player` sends to a peer that answers each frame with one, in order, and knows nothing of games. */
export class RawPlayer {
  private readonly sentAt: number[] = [];

  private constructor(
    private readonly wire: Wire,
    private readonly bytes: Buffer,
  ) {}

  static async enter(
    way: Way,
    port: number,
    payloadBytes: number,
    tally: { acknowledged(player: RawPlayer, latencyMs: number): void },
  ): Promise<RawPlayer> {
    const wire = await Wire.open(way, port);
    const frame = encodePlayerMessage({ kind: 'command', seq: 1, settled: 0, name: 'tap', data: 'x'.repeat(payloadBytes) });
    const player = new RawPlayer(wire, Wire.framed(way, frame));
    wire.onFrame = () => {
      const sentAt = player.sentAt.shift();
      if (sentAt !== undefined) tally.acknowledged(player, nowMs() - sentAt);
    };
    return player;
  }

  get outstanding(): number {
    return this.sentAt.length;
  }

  tap(): void {
    this.sentAt.push(nowMs());
    this.wire.write(this.bytes);
  }

  close(): void {
    this.wire.close();
  }
}
