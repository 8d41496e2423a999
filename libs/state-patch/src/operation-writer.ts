import { ByteWriter } from './byte-writer.js';
import { AGAIN, ENTER, GAP_MASK, LAST, RUN } from './format.js';
import type { KeyList } from './key-list.js';

/** The progress of the writer through the children of one parent. */
export class Siblings {
  /** The position of the old child after the last edited one. The next gap counts from here. */
  next = 0;
  lastKind = -1;
  /** The byte position of the last operation, which gets the flag LAST at the end. -1: none was written. */
  lastAt = -1;
  /** The byte position of the last RUN. -1: the last operation is no RUN. */
  runAt = -1;
  runGap = 0;
  /** The byte positions where the operations inside the last ENTER begin and end. AGAIN and RUN repeat these operations. */
  bodyStart = 0;
  bodyEnd = 0;
  /** The key list of the last parent at this depth. The next parent at this depth probably has the same keys. */
  keys: KeyList | null = null;

  reset(): void {
    this.next = 0;
    this.lastKind = this.lastAt = this.runAt = -1;
    this.bodyStart = this.bodyEnd = 0;
  }
}

/** Writes operations. Shortens an operation that repeats the operation on a sibling. */
export class OperationWriter extends ByteWriter {
  /** Writes an operation other than ENTER. */
  operation(siblings: Siblings, kind: number, index: number): void {
    const gap = index - siblings.next;
    siblings.next = index + 1;
    if (gap === 0 && siblings.lastKind === kind) this.lengthenRun(siblings);
    else this.head(siblings, kind, kind, gap);
  }

  /**
   * Ends an ENTER whose head begins at `start` and whose operations begin at `bodyStart`. Removes an ENTER without operations. Writes AGAIN
   * or a RUN instead of an ENTER whose operations are the same as those of a sibling.
   */
  endEnter(siblings: Siblings, index: number, start: number, bodyStart: number): void {
    const length = this.length - bodyStart;
    if (length === 0) {
      this.length = start;
      return;
    }
    const gap = index - siblings.next;
    siblings.next = index + 1;
    if (length === siblings.bodyEnd - siblings.bodyStart && this.isEqual(siblings.bodyStart, bodyStart, length)) {
      this.length = start;
      if (gap === 0 && siblings.lastKind === ENTER) this.lengthenRun(siblings);
      else this.head(siblings, AGAIN, ENTER, gap);
      return;
    }
    siblings.lastKind = ENTER;
    siblings.lastAt = start;
    siblings.runAt = -1;
    siblings.bodyStart = bodyStart;
    siblings.bodyEnd = this.length;
  }

  /** Sets the flag LAST in the last operation of these siblings. */
  endSiblings(siblings: Siblings): void {
    if (siblings.lastAt >= 0) this.bytes[siblings.lastAt]! |= LAST;
  }

  /** Writes the first byte of an operation, and the rest of a long gap. */
  kindAndGap(kind: number, gap: number): void {
    if (gap < GAP_MASK) {
      this.byte((kind << 4) | gap);
      return;
    }
    this.byte((kind << 4) | GAP_MASK);
    this.varint(gap - GAP_MASK);
  }

  /** @param repeats the kind that the next operation must have so that a RUN can repeat this one */
  private head(siblings: Siblings, kind: number, repeats: number, gap: number): void {
    siblings.lastKind = repeats;
    siblings.lastAt = this.length;
    siblings.runAt = -1;
    this.kindAndGap(kind, gap);
  }

  private lengthenRun(siblings: Siblings): void {
    if (siblings.runAt < 0) {
      siblings.runAt = siblings.lastAt = this.length;
      siblings.runGap = 0;
    } else siblings.runGap++;
    this.length = siblings.runAt;
    this.kindAndGap(RUN, siblings.runGap);
  }

  private isEqual(a: number, b: number, length: number): boolean {
    const { bytes } = this;
    for (let at = 0; at < length; at++) if (bytes[a + at] !== bytes[b + at]) return false;
    return true;
  }
}
