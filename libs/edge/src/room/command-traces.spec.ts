import type { LinkPeer } from '#libs/link';
import { HEADER, type SessionId, type UserId } from '#libs/protocol';
import { type Span, type SpanAttributes, Tracer } from '#libs/tracing';
import { newSessionTable } from '../session/session-table.fixture.js';
import { CommandTraces } from './command-traces.js';

/** A tracer that remembers how each of its spans ended. Null: the span is open. */
class RecordingTracer extends Tracer {
  readonly outcomes: (unknown | null)[] = [];
  override readonly active = null;

  override isSampled(): boolean {
    return true;
  }

  override begin(): Span {
    const index = this.outcomes.push(null) - 1;
    const end = (attributes?: SpanAttributes): void => {
      this.outcomes[index] = attributes?.['holdfast.outcome'];
    };
    return { context: { traceId: '0'.repeat(32), spanId: '0'.repeat(16) }, end };
  }

  override run<T>(_name: string, _attributes: SpanAttributes, work: () => Promise<T>): Promise<T> {
    return work();
  }

  override async flush(): Promise<void> {}
}

const peer = { sendCommandTrace: () => {} } as unknown as LinkPeer;

function commandOf(seq: number): Buffer {
  const frame = Buffer.alloc(64);
  frame.writeUInt32BE(seq, HEADER.command.seq);
  return frame;
}

describe('the traces of commands', () => {
  it('end when the command is acknowledged or refused, or when its session ends', () => {
    const tracer = new RecordingTracer();
    const traces = new CommandTraces(tracer);
    const sessions = newSessionTable();
    sessions.onRemoved((session) => traces.sessionEnded(session));
    const ada = sessions.add('a' as SessionId, 'ada' as UserId, 'Ada');
    const bob = sessions.add('b' as SessionId, 'bob' as UserId, 'Bob');
    for (const seq of [1, 2, 3, 4]) traces.begin(ada, peer, commandOf(seq));
    traces.begin(bob, peer, commandOf(1));
    traces.acknowledged(ada, 1);
    traces.refused(ada, 2);
    sessions.remove(ada);
    expect(tracer.outcomes).toEqual(['acknowledged', 'refused', 'session-ended', 'session-ended', null]);
  });

  it('do not count towards their limit after the session of the command has ended', () => {
    const tracer = new RecordingTracer();
    const traces = new CommandTraces(tracer);
    const sessions = newSessionTable();
    sessions.onRemoved((session) => traces.sessionEnded(session));
    // Twice as many commands as the maximum number of traced commands without an acknowledgement.
    for (let index = 0; index < 2_000; index++) {
      const session = sessions.add(`s${index}` as SessionId, `u${index}` as UserId, 'Ada');
      traces.begin(session, peer, commandOf(1));
      sessions.remove(session);
    }
    expect(tracer.outcomes).toEqual(Array.from({ length: 2_000 }, () => 'session-ended'));
  });
});
