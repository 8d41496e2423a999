/** Opcodes of frames. Source: RFC 6455, section 5.2. */
export const OPCODE = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** Bit of the first byte that marks the last frame of a message. */
export const FIN = 0x80;

/** Returns the size of the header of an unmasked frame with a payload of this length, in bytes. */
export function frameHeaderBytes(length: number): 2 | 4 | 10 {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/**
 * Writes the header of an unmasked frame that is a whole message, as servers send it.
 *
 * @param length payload bytes, below 4 GiB
 * @returns the offset of the payload: `at` plus `frameHeaderBytes(length)`
 */
export function writeFrameHeader(chunk: Buffer, at: number, opcode: number, length: number): number {
  chunk[at] = FIN | opcode;
  if (length < 126) {
    chunk[at + 1] = length;
    return at + 2;
  }
  if (length < 65_536) {
    chunk[at + 1] = 126;
    chunk.writeUInt16BE(length, at + 2);
    return at + 4;
  }
  chunk[at + 1] = 127;
  chunk.writeUInt32BE(0, at + 2);
  chunk.writeUInt32BE(length, at + 6);
  return at + 10;
}
