import * as fc from 'fast-check';
import type { LinkPeer } from '#libs/link';
import { type AttachmentEvent, type AttachmentState, nextAttachment, peerOf, UNATTACHED } from './attachment-state.js';

const PEERS = ['one', 'two'].map((id) => ({ id }) as LinkPeer);
const peers = fc.constantFrom(...PEERS);
const now = fc.nat(1_000_000);
const events: fc.Arbitrary<AttachmentEvent> = fc.oneof(
  fc.record({ kind: fc.constant('attach' as const), epoch: fc.integer({ min: 1, max: 9 }), round: fc.nat(3), now }),
  // Generates `requested` and `placed` more often than the other events, because each attachment needs both.
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('requested' as const), peer: peers }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('placed' as const), now }) },
  fc.record({ kind: fc.constant('lost' as const), reason: fc.constantFrom('server-lost' as const, 'moving' as const), now }),
  fc.record({ kind: fc.constant('stalled' as const), now }),
  fc.constant({ kind: 'recovered' as const }),
  fc.constant({ kind: 'slow' as const }),
  fc.constant({ kind: 'dropped' as const }),
  fc.constant({ kind: 'ended' as const }),
  fc.record({ kind: fc.constant('detach' as const), gone: fc.constantFrom('left' as const, 'away' as const, 'slow' as const) }),
);

/** Without `size`, fast-check generates at most ten events, and the attachment seldom reaches the later states with ten events. */
const sequences = fc.array(events, { maxLength: 60, size: 'max' });
const runs = { numRuns: 500 };

/** For each state: its fields, and the messages that the client may have received in it. */
const DECLARED: { readonly [Kind in AttachmentState['kind']]: { readonly fields: string; readonly saw: readonly string[] } } = {
  none: { fields: 'client epoch kind', saw: ['nothing', 'pause'] },
  attaching: { fields: 'client epoch kind peer round since', saw: ['nothing', 'game', 'pause'] },
  attached: { fields: 'client epoch kind peer round', saw: ['game', 'pause'] },
  slow: { fields: 'client epoch kind peer round', saw: ['game', 'pause'] },
  paused: { fields: 'client epoch kind', saw: ['nothing', 'pause'] },
};

function expectDeclared(state: AttachmentState): void {
  const { fields, saw } = DECLARED[state.kind];
  expect(Object.keys(state).sort().join(' ')).toBe(fields);
  expect(saw).toContain(state.client.saw);
  if (state.kind === 'attached' || state.kind === 'slow') expect(PEERS).toContain(state.peer);
}

/** Applies the events in order. Returns the last state and the kinds of the messages that were sent. */
function run(
  all: readonly AttachmentEvent[],
  check: (before: AttachmentState, event: AttachmentEvent, after: AttachmentState) => void = () => {},
) {
  let state = UNATTACHED;
  const sent: string[] = [];
  for (const event of all) {
    const step = nextAttachment(state, event);
    if (!step) continue;
    check(state, event, step.state);
    state = step.state;
    if (step.output) sent.push(step.output.kind);
  }
  return { state, sent };
}

const attached: readonly AttachmentEvent[] = [
  { kind: 'attach', epoch: 7, round: 0, now: 0 },
  { kind: 'requested', peer: PEERS[0] },
  { kind: 'placed', now: 10 },
];
const placedAgain: readonly AttachmentEvent[] = [
  { kind: 'attach', epoch: 9, round: 0, now: 30 },
  { kind: 'requested', peer: PEERS[1] },
  { kind: 'placed', now: 40 },
];
const lost: AttachmentEvent = { kind: 'lost', reason: 'server-lost', now: 20 };

describe('the attachment of a session to the owner of its room', () => {
  it('has one of the declared states after any sequence of events', () => {
    return fc.assert(
      fc.property(sequences, (all) => {
        run(all, (_, __, after) => expectDeclared(after));
      }),
      runs,
    );
  });

  it('sends `paused` and `resumed` alternately after any sequence of events', () => {
    return fc.assert(
      fc.property(sequences, (all) => {
        let state = UNATTACHED;
        let isPaused = false;
        for (const event of all) {
          // The client then has another connection, room or game. So what it has seen of the game is `nothing` again.
          if (event.kind === 'detach' || event.kind === 'ended') isPaused = false;
          const step = nextAttachment(state, event);
          if (!step) continue;
          state = step.state;
          if (step.output?.kind === 'paused') {
            expect(isPaused).toBe(false);
            isPaused = true;
          }
          if (step.output?.kind === 'resumed') {
            expect(isPaused).toBe(true);
            isPaused = false;
          }
          expect(isPaused).toBe(state.client.saw === 'pause');
        }
      }),
      runs,
    );
  });

  it('becomes `attached` only when `placed` arrives on the link of the request', () => {
    return fc.assert(
      fc.property(sequences, (all) => {
        run(all, (before, event, after) => {
          if (after.kind !== 'attached' || before.kind === 'attached') return;
          expect([event.kind, before.kind]).toEqual(['placed', 'attaching']);
          expect(peerOf(before)).toBe(after.peer);
        });
      }),
      runs,
    );
  });

  it('requests a detachment only from an owner to which the gateway has sent an attach request', () => {
    return fc.assert(
      fc.property(sequences, (all) => {
        const { state } = run(all);
        const { state: after, output } = nextAttachment(state, { kind: 'detach', gone: 'left' }) ?? fail();
        expect(after).toBe(UNATTACHED);
        const isAtOwner = state.kind === 'attached' || (state.kind === 'attaching' && state.peer !== null);
        expect(output).toEqual(isAtOwner ? { kind: 'detach', peer: peerOf(state), gone: 'left' } : null);
      }),
      runs,
    );
  });

  it('sends `paused` when the owner is lost, and `resumed` when the next owner has placed the session', () => {
    expect(run([...attached, lost, lost, ...placedAgain]).sent).toEqual(['paused', 'resumed']);
    const { state } = run([...attached, lost, ...placedAgain.slice(0, 2)]);
    expect(nextAttachment(state, { kind: 'placed', now: 45 })?.output).toEqual({ kind: 'resumed', pausedMs: 25 });
  });

  it('sends no `paused` to a client without the state of the game', () => {
    expect(run([...attached.slice(0, 2), lost, ...placedAgain]).sent).toEqual([]);
  });

  it('sends only one `paused` when the owner first stalls and then is lost', () => {
    expect(run([...attached, { kind: 'stalled', now: 15 }, lost, ...placedAgain]).sent).toEqual(['paused', 'resumed']);
    expect(run([...attached, { kind: 'stalled', now: 15 }, { kind: 'recovered' }]).sent).toEqual(['paused', 'resumed']);
  });

  it('sends no `resumed` after a stall of the owner when the backlog became too large during the stall', () => {
    expect(run([...attached, { kind: 'stalled', now: 15 }, { kind: 'slow' }, { kind: 'recovered' }]).sent).toEqual(['paused', 'detach']);
  });

  it('remembers the epoch of the owner when the game ends, but not when the session leaves the room', () => {
    expect(run([...attached, { kind: 'ended' }]).state).toEqual({ kind: 'none', epoch: 7, client: { saw: 'nothing' } });
    expect(run([...attached, { kind: 'detach', gone: 'left' }]).state).toBe(UNATTACHED);
  });
});

function fail(): never {
  throw new Error('A session can always be detached.');
}
