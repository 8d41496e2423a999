import * as fc from 'fast-check';
import { JsonWebSocketConnection } from '#libs/edge';
import { decodePlayerMessage, decodeServerMessage, encodePlayerMessage, FrameSplitter, HoldfastError } from '#libs/protocol';
import { frame, streamOf, text } from './hostile.js';
import { assertPlainTree } from './plain-tree.js';
import { DECODER_MS_MAX, Finding, type Target } from './target.js';

const FRAME_BYTES_MAX = 4_096;
const CODES = ['bad-frame', 'unknown-kind', 'frame-too-large'];

type Case =
  | { readonly form: 'binary' | 'json'; readonly bytes: Buffer }
  | { readonly form: 'stream'; readonly bytes: Buffer; readonly cuts: readonly number[] };

/** Returns the target that runs only the codecs. It gets most of the cases, because it is the fastest target. */
export function decoders(): Target<Case> {
  return {
    name: 'decoders',
    share: 70,
    msMax: DECODER_MS_MAX,
    cases: fc.oneof(
      fc.record({ form: fc.constant('binary' as const), bytes: frame }),
      fc.record({ form: fc.constant('json' as const), bytes: text }),
      fc.record({
        form: fc.constant('stream' as const),
        bytes: streamOf(frame),
        cuts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 4 }),
      }),
    ),
    check(one) {
      if (one.form === 'stream') return checkStream(one.bytes, one.cuts);
      if (one.form === 'json') return refused(() => decodePlayerMessage(JsonWebSocketConnection.frameOf(one.bytes.toString('utf8'))));
      refused(() => decodePlayerMessage(one.bytes));
      refused(() => decodeServerMessage(one.bytes));
      // A decoded message must not change when it is encoded and decoded again.
      refused(() => decodePlayerMessage(encodePlayerMessage(decodePlayerMessage(one.bytes))));
    },
  };
}

function checkStream(stream: Buffer, cuts: readonly number[]): void {
  const splitter = new FrameSplitter(FRAME_BYTES_MAX, (one) => refused(() => decodePlayerMessage(one)), Buffer.allocUnsafeSlow);
  refused(() => {
    for (let at = 0, turn = 0; at < stream.length; turn++) {
      const end = at + cuts[turn % cuts.length];
      splitter.push(stream.subarray(at, end));
      if (splitter.bytesHeld > FRAME_BYTES_MAX) throw new Finding(`${splitter.bytesHeld} bytes are held`);
      at = end;
    }
  });
}

function refused(parse: () => unknown): void {
  try {
    assertPlainTree(parse());
  } catch (error) {
    if (!(error instanceof HoldfastError) || !CODES.includes(error.code)) throw error;
    if (error.message.length > 300) throw new Finding(`a refusal of ${error.message.length} characters`);
  }
}
