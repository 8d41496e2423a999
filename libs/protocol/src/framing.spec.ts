import * as fc from 'fast-check';
import { FrameSplitter } from './framing.js';

function framed(frames: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      return [length, frame];
    }),
  );
}

function split(chunks: readonly Uint8Array[], frameBytesMax = 1_000): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const splitter = new FrameSplitter(frameBytesMax, (frame) => frames.push(frame.slice()));
  for (const chunk of chunks) splitter.push(chunk);
  return frames;
}

describe('FrameSplitter', () => {
  it('finds the same frames, however the stream is split into chunks', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 8 });
    return fc.assert(
      fc.property(frames, fc.array(fc.nat({ max: 300 })), (sent, cuts) => {
        const stream = framed(sent);
        const edges = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((edge, index) => stream.subarray(edges[index], edge));
        expect(split(chunks)).toEqual(sent);
      }),
    );
  });

  it('finds the frames in a stream that arrives byte by byte', () => {
    const sent = [Uint8Array.of(1), Uint8Array.of(2, 3), new Uint8Array(300).fill(7)];
    expect(split([...framed(sent)].map((byte) => Uint8Array.of(byte)))).toEqual(sent);
  });

  it('refuses a length above the limit before any byte of the frame is buffered', () => {
    const splitter = new FrameSplitter(1_000, () => {});
    expect(() => splitter.push(Uint8Array.of(0x7f, 0xff, 0xff, 0xff))).toThrow(expect.objectContaining({ code: 'frame-too-large' }));
    expect(splitter.bytesHeld).toBe(0);
    expect(() => split([Uint8Array.of(0xff), Uint8Array.of(0xff, 0xff, 0xff)])).toThrow(
      expect.objectContaining({ code: 'frame-too-large' }),
    );
    expect(split([framed([new Uint8Array(1_000)])])).toHaveLength(1);
  });

  it('refuses an empty frame', () => {
    expect(() => split([Uint8Array.of(0, 0, 0, 0)])).toThrow(expect.objectContaining({ code: 'bad-frame' }));
  });

  it('reports the number of buffered bytes of an incomplete frame', () => {
    const splitter = new FrameSplitter(1_000, () => {});
    splitter.push(Uint8Array.of(0, 0));
    expect(splitter.bytesHeld).toBe(2);
    splitter.push(Uint8Array.of(0, 9, 1, 2, 3));
    expect(splitter.bytesHeld).toBe(3);
  });
});
