/**
 * Detects a dead connection. Sends a ping when the client has sent no message or received no message for `pingMs`. Each ping also shows the
 * server that the client is alive. Calls `dead` when the client has received nothing for twice `pingMs`.
 */
export class Heartbeat {
  private timer: ReturnType<typeof setInterval> | undefined;
  private silentBeats = 0;
  private hasSent = false;
  private nonce = 0;

  constructor(
    private readonly ping: (nonce: number) => void,
    private readonly dead: () => void,
  ) {}

  /** Checks twice per `pingMs`, so that at most `pingMs` pass before a ping. */
  start(pingMs: number): void {
    this.stop();
    this.silentBeats = 0;
    this.hasSent = true;
    this.timer = setInterval(() => this.beat(), pingMs / 2);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  heard(): void {
    this.silentBeats = 0;
  }

  sent(): void {
    this.hasSent = true;
  }

  private beat(): void {
    this.silentBeats += 1;
    if (this.silentBeats > 4) return this.dead();
    const isDue = !this.hasSent || this.silentBeats > 1;
    // The ping itself sets `hasSent`. So an idle client sends a ping at every second check.
    this.hasSent = false;
    if (!isDue) return;
    this.nonce = (this.nonce + 1) >>> 0;
    this.ping(this.nonce);
  }
}
