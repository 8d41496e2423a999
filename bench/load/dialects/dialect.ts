import type { Wire } from '../wire.js';

/** What of a peer's language its players need: the way into a room, and a tap, there and back. */
export interface Dialect {
  /** Two in a room of their own, each at the next of these ports. */
  pair(ports: readonly number[], room: string): Promise<readonly [Wire, Wire]>;
  /** A tap as it stands on the wire. */
  tap(payload: string): Buffer;
  /** Where in a frame the payload of a tap begins; 0: the frame is something else. */
  payloadAt(frame: Buffer): number;
}

/** The first frame that `read` makes something of; those before it are its own affair. */
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
