import { ByteReader, refuse } from './byte-reader.js';
import { AGAIN, ENTER, GAP_MASK, LAST, RUN } from './format.js';

/** Reads the operations on the children of one parent. Each level of nesting has its own cursor. */
export class OperationCursor {
  /** The kind of the operation. For a RUN, the kind of the repeated operation. */
  kind = -1;
  /** The position of the old child to which the operation applies. */
  index = 0;
  /** The number of children with this operation. */
  count = 0;
  /** True when this is the last operation on the children of this parent. */
  isLast = false;
  /** The byte position at which the operations inside the last ENTER operation begin. -1: no ENTER was read. */
  body = -1;

  reset(): void {
    this.kind = this.body = -1;
    this.index = 0;
    this.isLast = false;
  }

  /** Reads the next operation. */
  read(operations: ByteReader): void {
    const head = operations.byte();
    this.isLast = (head & LAST) !== 0;
    const short = head & GAP_MASK;
    const gap = short === GAP_MASK ? GAP_MASK + operations.varint() : short;
    if (head >> 4 === RUN) {
      if (this.kind < 0) refuse('it repeats an operation before the first one');
      if (this.kind === ENTER) this.kind = AGAIN;
      this.count = gap + 1;
      return;
    }
    this.kind = head >> 4;
    this.index += gap;
    this.count = 1;
    if (this.kind === ENTER) this.body = operations.at;
    else if (this.kind === AGAIN && this.body < 0) refuse('it repeats edits before the first ones');
  }
}
