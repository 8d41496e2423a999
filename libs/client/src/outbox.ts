import { type Command, HoldfastError } from '#libs/protocol';

/**
 * Maximum number of unanswered commands of one seat. A room remembers this number of refusals for each seat. With more unanswered commands,
 * a room could forget a refusal. The client would then report the refused command as applied.
 */
export const UNANSWERED_MAX = 64;

/**
 * Maximum number of gateway refusals that the client ignores for one repeated command. At the next refusal, the client rejects the command.
 * Its outcome is then unknown.
 */
const TURNED_AWAY_MAX = 5;

/**
 * Maximum number of repeats of a command. Afterwards the client rejects the command with an unknown outcome. The limit exists because a
 * command may crash every server that receives it.
 */
const REPEATED_MAX = 10;

interface Waiting {
  readonly name: string;
  readonly data: unknown;
  sent: number;
  repeated: number;
  turnedAway: number;
  resolve(): void;
  reject(error: HoldfastError): void;
}

/**
 * The unanswered commands of one seat, in order. Invariant: each seq is used once, without gaps, and every seq up to `settled`
 * has its answer.
 */
export class Outbox {
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  get size(): number {
    return this.waiting.size;
  }

  /** The lowest unanswered seq. Null: all commands are answered. */
  get oldest(): number | null {
    for (const seq of this.waiting.keys()) return seq;
    return null;
  }

  /**
   * Adds a command. The promise settles with its answer.
   *
   * @throws `busy` when `UNANSWERED_MAX` commands are unanswered
   */
  add(name: string, data: unknown): { seq: number; answered: Promise<void> } {
    if (this.waiting.size >= UNANSWERED_MAX)
      throw new HoldfastError('busy', `${UNANSWERED_MAX} commands are unanswered. Wait for one of them.`);
    this.last += 1;
    const seq = this.last;
    const answered = new Promise<void>((resolve, reject) =>
      this.waiting.set(seq, { name, data, sent: 0, repeated: 0, turnedAway: 0, resolve, reject }),
    );
    return { seq, answered };
  }

  /** Returns the unanswered commands whose number is at least `first`, in order. */
  takeFrom(first: number): Command[] {
    return [...this.waiting.keys()].filter((seq) => seq >= first).map((seq) => this.command(seq));
  }

  /** Returns all unanswered commands, to be sent again in order. Rejects a command with `unanswered` when it was repeated too often. */
  repeat(): Command[] {
    for (const [seq, waiting] of [...this.waiting]) {
      if (waiting.sent === 0) continue;
      waiting.repeated += 1;
      if (waiting.repeated > REPEATED_MAX) this.refuse(seq, new HoldfastError('unanswered'));
    }
    return this.takeFrom(0);
  }

  /**
   * Resolves every unanswered command up to `seq`. The room sends refusals before the acknowledgement, so a command without a refusal was
   * applied.
   */
  settle(seq: number): void {
    for (const [waitingSeq, { resolve }] of this.waiting) {
      if (waitingSeq > seq) return;
      this.waiting.delete(waitingSeq);
      resolve();
    }
  }

  /**
   * Rejects a command after a refusal. A refusal with `retry` comes from a gateway. If the command is a repeat, the room may have applied
   * the command before. The command then stays unanswered, and the client repeats it again.
   */
  rejected(seq: number, error: HoldfastError): void {
    const waiting = this.waiting.get(seq);
    if (waiting && error.retry && waiting.sent > 1 && waiting.turnedAway < TURNED_AWAY_MAX) waiting.turnedAway += 1;
    else this.refuse(seq, error);
  }

  refuse(seq: number, error: HoldfastError): void {
    const refused = this.waiting.get(seq);
    this.waiting.delete(seq);
    refused?.reject(error);
  }

  /**
   * Continues the numbering after the seq of the room. The room's seq is higher after commands of an earlier instance of this client. It is
   * lower after a rewind. A lower seq changes nothing, because a seq must not be used twice: an old command with that seq may still arrive,
   * and the room would confuse it with the new command.
   */
  align(seq: number): void {
    this.last = Math.max(this.last, seq);
  }

  /** Begins the next game: the next command follows `seq`. Rejects the unanswered commands of the last game with `error`. */
  restart(seq: number, error: HoldfastError): void {
    this.last = seq;
    this.refuseAll(error);
  }

  refuseAll(error: HoldfastError): void {
    for (const seq of [...this.waiting.keys()]) this.refuse(seq, error);
  }

  private get settled(): number {
    return this.oldest === null ? this.last : this.oldest - 1;
  }

  private command(seq: number): Command {
    const waiting = this.waiting.get(seq) as Waiting;
    waiting.sent += 1;
    const { name, data } = waiting;
    return { kind: 'command', seq, settled: this.settled, name, data };
  }
}
