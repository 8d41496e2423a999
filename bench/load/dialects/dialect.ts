import type { Wire } from '../wire.js';

/** The part of a peer's protocol that its players need: entering a room, and sending and receiving a tap. */
export interface Dialect {
  /** Opens a room with two players, each at the next of these ports. */
  pair(ports: readonly number[], room: string): Promise<readonly [Wire, Wire]>;
  /** Encodes a tap for the wire. */
  tap(payload: string): Buffer;
  /** Offset of a tap's payload in a frame. 0: the frame is something else. */
  payloadAt(frame: Buffer): number;
}

/** Waits for the first frame for which `read` returns a value. Earlier frames are ignored. */
export function heard<T>(wire: Wire, read: (frame: Buffer) => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    wire.onClose = () => reject(new Error('the peer closed the connection'));
    wire.onFrame = (frame) => {
      const answer = read(frame);
      if (answer === undefined) return;
      wire.onFrame = () => {};
      wire.onClose = () => {};
      resolve(answer);
    };
  });
}
