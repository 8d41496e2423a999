import { decodeServerMessage, KIND } from '#libs/protocol';
import type { CompactForm } from '../compact-form.js';
import type { ReceivedMessage } from './wire.js';

/**
 * Decodes a binary frame of a server.
 *
 * @param compact the decoder of compact syncs; null: a compact sync is refused as a message of an unknown kind
 * @throws `bad-frame` when the frame is malformed; `unknown-kind` when this client does not know the kind of message
 */
export function decodeFrame(frame: Uint8Array, compact: CompactForm | null): ReceivedMessage {
  return compact !== null && frame[0] === KIND.compact ? compact.read(frame) : decodeServerMessage(frame);
}
