import { Command } from 'ioredis';

export type CallArgument = string | number | Uint8Array;

/** Grows to the largest call there was; each call's bytes are copied out of it, for a socket may hold them for a while. */
let scratch = Buffer.allocUnsafe(65_536);

/**
 * A command whose bytes are written at once, in one pass over its arguments: ioredis makes a string or a buffer of each
 * first, which for a call with hundreds of arguments is most of what the call costs.
 */
export class WrittenCall extends Command {
  private readonly bytes: Buffer;

  constructor(name: string, head: readonly CallArgument[], keys: readonly CallArgument[], args: readonly CallArgument[]) {
    // Keys matter to a Cluster's client only, which is not who takes this.
    super(name, [], { replyEncoding: 'utf8' });
    let at = writeNumber(STAR, 1 + head.length + keys.length + args.length, 0);
    at = writeText(name, at);
    for (const argument of head) at = writeArgument(argument, at);
    for (const argument of keys) at = writeArgument(argument, at);
    for (const argument of args) at = writeArgument(argument, at);
    this.bytes = Buffer.allocUnsafe(at);
    scratch.copy(this.bytes, 0, 0, at);
  }

  override toWritable(): Buffer {
    return this.bytes;
  }
}

// RESP: `*COUNT`, then of each argument `$BYTES` and its bytes; each line ends with CR LF.
const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
/** A head and two line ends. */
const FRAME_BYTES = 32;

function writeArgument(argument: CallArgument, at: number): number {
  // Most are texts, and asking whether one is an instance of something is the dearest of these questions.
  if (typeof argument === 'string') return writeText(argument, at);
  return typeof argument === 'number' ? writeText(`${argument}`, at) : writeBytes(argument, at);
}

function writeBytes(bytes: Uint8Array, at: number): number {
  makeRoom(at, bytes.length);
  at = writeNumber(DOLLAR, bytes.length, at);
  scratch.set(bytes, at);
  return endLine(at + bytes.length);
}

/** Keys and numbers are short and of one byte a character; what is not is measured first. */
function writeText(text: string, at: number): number {
  const { length } = text;
  makeRoom(at, 3 * length);
  const textAt = writeNumber(DOLLAR, length, at);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return writeBytes(Buffer.from(text), at);
    scratch[textAt + index] = code;
  }
  return endLine(textAt + length);
}

function writeNumber(kind: number, value: number, at: number): number {
  scratch[at++] = kind;
  let divisor = 1;
  while (value / divisor >= 10) divisor *= 10;
  for (; divisor >= 1; divisor /= 10) scratch[at++] = ZERO + (Math.floor(value / divisor) % 10);
  return endLine(at);
}

function endLine(at: number): number {
  scratch[at] = CR;
  scratch[at + 1] = LF;
  return at + 2;
}

function makeRoom(at: number, bytes: number): void {
  if (at + bytes + FRAME_BYTES <= scratch.length) return;
  const larger = Buffer.allocUnsafe(2 * (at + bytes + FRAME_BYTES));
  scratch.copy(larger, 0, 0, at);
  scratch = larger;
}
