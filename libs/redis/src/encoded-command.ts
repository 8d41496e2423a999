import { Command } from 'ioredis';

export type CallArgument = string | number | Uint8Array;

/**
 * The buffer in which each call is encoded. It grows to the size of the largest call. A copy of the encoded bytes is sent, because the next
 * call can overwrite the buffer before the socket has sent the bytes.
 */
let scratch = Buffer.allocUnsafe(65_536);

/**
 * A command that is encoded in one pass over its arguments. ioredis first creates a string or buffer for each argument, which takes most of
 * the CPU time of a call with hundreds of arguments.
 */
export class EncodedCommand extends Command {
  private readonly bytes: Buffer;

  constructor(name: string, head: readonly CallArgument[], keys: readonly CallArgument[], args: readonly CallArgument[]) {
    // Passes no arguments to ioredis. Only the client of a Cluster would read the keys from them, and a Cluster never gets commands of this
    // class.
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

// RESP: `*COUNT`, then for each argument `$BYTES` and its bytes. Each line ends with CR LF.
const STAR = 0x2a;
const DOLLAR = 0x24;
const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
/** Maximum number of bytes that RESP adds to an argument: the `$BYTES` line before it and the CR LF after it. */
const FRAME_BYTES = 32;

function writeArgument(argument: CallArgument, at: number): number {
  // Checks for a string first, because most arguments are strings and `instanceof` is slow.
  if (typeof argument === 'string') return writeText(argument, at);
  return typeof argument === 'number' ? writeText(`${argument}`, at) : writeBytes(argument, at);
}

function writeBytes(bytes: Uint8Array, at: number): number {
  makeRoom(at, bytes.length);
  at = writeNumber(DOLLAR, bytes.length, at);
  scratch.set(bytes, at);
  return endLine(at + bytes.length);
}

/**
 * Writes ASCII text directly, because its length in bytes is its number of characters. Encodes other text first to determine its length.
 */
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
