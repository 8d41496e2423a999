import { decodeServerMessage, encodePlayerMessage, HEADER, KIND, PROTOCOL_VERSION, type ServerMessage } from '#libs/protocol';
import { nowMs } from '../tools.js';
import type { Tally, Tapper } from './crowd.js';
import { type Address, type Way, Wire } from './wire.js';

type Of<Kind extends ServerMessage['kind']> = Extract<ServerMessage, { kind: Kind }>;

const RECONNECT_MS = 20;
const AGAIN_AT_ONCE = 64;

/** A player that taps and counts its taps. It reads only the headers of game frames. */
export class Player implements Tapper {
  seat = -1;
  room = '';
  /** Number of acknowledged taps. */
  acknowledged = 0;
  refused = 0;
  reconnects = 0;
  /** Reads the syncs of a player that does not tap. */
  onSync: ((frame: Buffer) => void) | null = null;
  /** Number of refusals and goodbyes, by code. */
  readonly codes: Record<string, number> = {};
  /** Time of the first `paused` since `mark()`, as `nowMs()`. 0: none yet. */
  pausedAt = 0;
  /** Time of the first `placed` since `mark()`. 0: none yet. */
  placedAt = 0;
  /** Time of the first sync after that `placed`. 0: none yet. */
  backAt = 0;
  worstWaitMs = 0;

  private seq = 0;
  /** Commands without an answer, oldest first. */
  private readonly seqs: number[] = [];
  private readonly sentAt: number[] = [];
  private markedAt = 0;
  private isPlacing = false;
  private lastOwnSync: Buffer | null = null;
  private template: Buffer = Buffer.alloc(0);
  private head = 0;
  private isVaried = false;
  private secret: { session: string; secret: string } | null = null;
  private requests = 0;
  private readonly waiting = new Map<string, (message: ServerMessage) => void>();
  private isLeaving = false;
  private hanging: Promise<void> | null = null;
  private wake: () => void = () => {};

  private constructor(
    readonly name: string,
    private readonly way: Way,
    private readonly ports: readonly number[],
    public wire: Wire,
    private readonly tally: Tally,
  ) {}

  /** Connects and waits for the welcome. `ports`: gateways, in the order in which they are tried. */
  static async enter(name: string, way: Way, ports: readonly number[], tally: Tally, address?: Address): Promise<Player> {
    const player = new Player(name, way, ports, await Wire.open(way, ports[0], address), tally);
    player.listen();
    await player.hello({ name });
    return player;
  }

  get outstanding(): number {
    return this.seqs.length;
  }

  // ── Play ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Prepares payloads of `bytes` characters. `varied`: each differs from the last, so that no patch can be short. */
  prepare(bytes: number, { varied = false } = {}): void {
    this.isVaried = varied;
    const frame = encodePlayerMessage({ kind: 'command', seq: 0, settled: 0, name: 'tap', data: 'x'.repeat(bytes) });
    this.head = Wire.headBytes(this.way, frame.length);
    this.template = Wire.framed(this.way, frame);
  }

  tap(times = 1): void {
    if (times > 1) {
      this.wire.together(() => {
        for (let time = 0; time < times; time++) this.tap();
      });
      return;
    }
    this.seq += 1;
    this.seqs.push(this.seq);
    this.sentAt.push(nowMs());
    this.write(this.seq);
  }

  /** Repeats the oldest unanswered commands. The room ignored them if they arrived after a command that was refused. */
  sendAgain(): void {
    for (const seq of this.seqs.slice(0, AGAIN_AT_ONCE)) this.write(seq);
  }

  private write(seq: number): void {
    const bytes = Buffer.allocUnsafe(this.template.length);
    this.template.copy(bytes);
    bytes.writeUInt32BE(seq, this.head + HEADER.command.seq);
    bytes.writeUInt32BE(this.seqs[0] - 1, this.head + HEADER.command.settled);
    if (this.isVaried) bytes.write(String.fromCharCode(97 + (seq % 26)), bytes.length - 1);
    this.wire.write(bytes);
  }

  private receive(frame: Buffer): void {
    switch (frame[0]) {
      case KIND.sync:
      case KIND.compact:
        if (!this.onSync) return this.synced(frame);
        this.onSync(frame);
        return this.settle('sync', { kind: 'sync' } as ServerMessage);
      case KIND.rejected: {
        const at = this.seqs.indexOf(frame.readUInt32BE(HEADER.rejected.seq));
        if (at < 0) return;
        this.seqs.splice(at, 1);
        this.sentAt.splice(at, 1);
        this.refused += 1;
        this.heardCode((decodeServerMessage(frame) as Of<'rejected'>).code);
        return;
      }
      case KIND.paused:
        this.pausedAt ||= nowMs();
        return;
      default:
        return this.hear(decodeServerMessage(frame));
    }
  }

  private synced(frame: Buffer): void {
    this.tally.delivered();
    const seq = frame.readUInt32BE(HEADER.sync.seq);
    const now = nowMs();
    if (this.seqs.length > 0 && this.seqs[0] <= seq) {
      this.lastOwnSync = Buffer.from(frame);
      while (this.seqs.length > 0 && this.seqs[0] <= seq) {
        this.seqs.shift();
        const sentAt = this.sentAt.shift() as number;
        this.acknowledged += 1;
        this.worstWaitMs = Math.max(this.worstWaitMs, now - Math.max(sentAt, this.markedAt));
        this.tally.acknowledged(this, now - sentAt);
      }
    }
    if (!this.isPlacing) return;
    this.isPlacing = false;
    this.backAt ||= now;
    this.settle('sync', { kind: 'sync' } as ServerMessage);
    // Sends unanswered commands again, under their old numbers.
    for (const unanswered of this.seqs) this.write(unanswered);
  }

  /** Begins a new measurement of pauses and waits. */
  mark(): void {
    this.markedAt = nowMs();
    this.pausedAt = 0;
    this.placedAt = 0;
    this.backAt = 0;
    this.worstWaitMs = 0;
  }

  /** Returns the longest wait for an answer since `mark()`, in ms, including that of unanswered commands. */
  waitMs(now: number): number {
    return this.seqs.length === 0 ? this.worstWaitMs : Math.max(this.worstWaitMs, now - Math.max(this.sentAt[0], this.markedAt));
  }

  /** Returns the number of this player's taps in the state of the last acknowledgement; NaN if that message does not contain it. */
  tapsSeen(): number {
    if (!this.lastOwnSync) return 0;
    const { state, patches = [] } = decodeServerMessage(this.lastOwnSync) as Of<'sync'>;
    if (state) return (state as { taps: number[] }).taps[this.seat];
    const path = `/taps/${this.seat}`;
    const last = patches.filter((patch) => patch.path === path).at(-1) as { value?: number } | undefined;
    return last?.value ?? Number.NaN;
  }

  // ── Lobby and connection ───────────────────────────────────────────────────────────────────────────────────────────

  async ask<Answer>(operation: string, data?: unknown): Promise<Answer> {
    const id = ++this.requests;
    const answer = this.next(`response ${id}`);
    this.wire.send(encodePlayerMessage({ kind: 'request', id, operation, data }));
    const { data: result, error } = (await answer) as Of<'response'>;
    if (error) throw Object.assign(new Error(`${operation}: ${error.code}, ${error.message}`), { code: error.code });
    return result as Answer;
  }

  /** Resolves when the first state of the game arrives. */
  inPlay(): Promise<unknown> {
    return this.next('sync');
  }

  ping(): void {
    this.wire.send(encodePlayerMessage({ kind: 'ping', nonce: 1 }));
  }

  /** Simulates a hanging client: it reads nothing and notices nothing until `readOn`. */
  stopReading(): void {
    this.hanging = new Promise((resolve) => {
      this.wake = resolve;
    });
    this.wire.pause();
  }

  readOn(): void {
    this.hanging = null;
    this.wake();
    this.wire.resume();
  }

  close(): void {
    this.isLeaving = true;
    this.wire.close();
  }

  private async hello(who: { name: string } | { session: string; secret: string }): Promise<void> {
    const welcome = this.next('welcome');
    this.wire.send(encodePlayerMessage({ kind: 'hello', protocol: PROTOCOL_VERSION, ...who } as never));
    await welcome;
  }

  private hear(message: ServerMessage): void {
    switch (message.kind) {
      case 'welcome':
        this.secret = { session: message.session, secret: message.secret };
        return this.settle('welcome', message);
      case 'response':
        return this.settle(`response ${message.id}`, message);
      case 'placed':
        this.room = message.room;
        this.seat = message.seat ?? -1;
        this.placedAt ||= nowMs();
        this.isPlacing = true;
        return;
      case 'goodbye':
        this.heardCode(message.code);
        if (!this.isLeaving && message.retryAfterMs === undefined) process.stderr.write(`${this.name}: goodbye, ${message.code}\n`);
        return;
      default:
        return;
    }
  }

  private heardCode(code: string): void {
    this.codes[code] = (this.codes[code] ?? 0) + 1;
  }

  private next(key: string): Promise<ServerMessage> {
    return new Promise((resolve) => this.waiting.set(key, resolve));
  }

  private settle(key: string, message: ServerMessage): void {
    const resolve = this.waiting.get(key);
    this.waiting.delete(key);
    resolve?.(message);
  }

  private listen(): void {
    this.wire.onFrame = (frame) => this.receive(frame);
    this.wire.onClose = () => {
      if (!this.isLeaving) void this.reconnect();
    };
  }

  /** Tries the gateways in turn until one accepts the connection, and resumes the session there. */
  private async reconnect(): Promise<void> {
    await this.hanging;
    this.reconnects += 1;
    this.pausedAt ||= nowMs();
    for (let attempt = 1; !this.isLeaving; attempt++) {
      try {
        this.wire = await Wire.open(this.way, this.ports[attempt % this.ports.length]);
        this.listen();
        if (this.secret) await this.hello(this.secret);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      }
    }
  }
}
