/**
 * Pings when nothing was sent or nothing was heard for a while (the other side, too, takes silence for death), and
 * calls `dead` when nothing was heard for twice `pingMs`.
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

  /** Looks twice in `pingMs`, so that a ping leaves within it. */
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
    // The ping itself counts as sent, so that one who is idle pings every second time.
    this.hasSent = false;
    if (!isDue) return;
    this.nonce = (this.nonce + 1) >>> 0;
    this.ping(this.nonce);
  }
}
