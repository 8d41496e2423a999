import { type Command, HoldfastError } from '#libs/protocol';

/** A room remembers this many refusals of a seat; with more commands unanswered, one sent again could be misread. */
export const UNANSWERED_MAX = 64;

/** A command that was sent twice is given up when it is turned away this often: its outcome is then not known. */
const TURNED_AWAY_MAX = 5;

/**
 * A command is given up when it was repeated this often, to one owner after the other or to one that never answers: a room
 * that is lost again and again may be lost because of it. Its outcome is then not known.
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
 * The commands of one seat that have no answer yet, in order. Invariant: seqs are given out once, without gaps, and
 * every seq up to `settled` has its answer.
 */
export class Outbox {
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  get size(): number {
    return this.waiting.size;
  }

  /** The lowest seq that has no answer; null: all have theirs. */
  get oldest(): number | null {
    for (const seq of this.waiting.keys()) return seq;
    return null;
  }

  /** Throws `busy`. The promise settles with the command's answer. */
  add(name: string, data: unknown): { seq: number; answered: Promise<void> } {
    if (this.waiting.size >= UNANSWERED_MAX)
      throw new HoldfastError('busy', `${UNANSWERED_MAX} commands are unanswered; wait for one of them.`);
    this.last += 1;
    const seq = this.last;
    const answered = new Promise<void>((resolve, reject) =>
      this.waiting.set(seq, { name, data, sent: 0, repeated: 0, turnedAway: 0, resolve, reject }),
    );
    return { seq, answered };
  }

  /** What to send, or to send again, in order, with `settled` as it is now. */
  takeFrom(first: number): Command[] {
    return [...this.waiting.keys()].filter((seq) => seq >= first).map((seq) => this.command(seq));
  }

  /** All that has no answer, to be sent again in order. What was repeated too often is refused with `unanswered`. */
  repeat(): Command[] {
    for (const [seq, waiting] of [...this.waiting]) {
      if (waiting.sent === 0) continue;
      waiting.repeated += 1;
      if (waiting.repeated > REPEATED_MAX) this.refuse(seq, new HoldfastError('unanswered'));
    }
    return this.takeFrom(0);
  }

  /** The room has applied everything up to `seq` that it has not refused; refusals come before this is said. */
  settle(seq: number): void {
    for (const [waitingSeq, { resolve }] of this.waiting) {
      if (waitingSeq > seq) return;
      this.waiting.delete(waitingSeq);
      resolve();
    }
  }

  /**
   * The answer is no. Not for certain, though, where it is no refusal of the room's but of somebody on the way (`retry`)
   * and the command was sent before: the room may have applied that one. It is then asked again.
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
   * The room says how far it has applied. Further than we have numbered: an earlier life of this client did; go on
   * from there. Less far than it acknowledged: it was wound back. No number is used again then, since a command with an old
   * number may be on its way still, and the room would take a new one with that number for the old one.
   */
  align(seq: number): void {
    this.last = Math.max(this.last, seq);
  }

  /** Another game begins: its numbers are its own. */
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
