import type { OperatorEvent, PublishedOperatorEvent } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { incidentsOf } from './incidents.js';

const GAME = 'hf:game:1' as ServerId;
const BY = 'hf:gateway:1' as ServerId;

type Told = [at: number, kind: OperatorEvent['kind'], reason: string, more?: Partial<OperatorEvent>];

/** Events about the first incarnation of `GAME`, each with its time in ms. */
function events(...all: readonly Told[]): PublishedOperatorEvent[] {
  return all.map(([at, kind, reason, more]) => ({ id: `${at}`, at, by: BY, kind, reason, server: GAME, incarnation: 1, ...more }));
}

describe('incidentsOf', () => {
  it('combines the suspicion, the eviction and the recovery of a server into one incident', () => {
    const [incident, ...others] = incidentsOf(
      events(
        [1_000, 'server.suspect', 'check-missed'],
        [3_000, 'server.evicted', 'silent'],
        [3_050, 'recovery.started', 'server-lost', { detail: { rooms: 12 } }],
        [3_400, 'recovery.done', 'server-lost', { detail: { rooms: 12, ms: 350 } }],
        [9_000, 'server.registered', 'started', { incarnation: 2 }],
      ),
    );
    expect(others).toEqual([]);
    expect(incident).toEqual({
      server: GAME,
      incarnation: 1,
      outcome: 'evicted',
      reasons: ['check-missed', 'silent'],
      severity: 'critical',
      beganAt: 1_000,
      evictedAt: 3_000,
      endedAt: 3_400,
      rooms: 12,
      pauseMs: 2_400,
      returnedAt: 9_000,
    });
  });

  it('begins an incident when the server was last known to be alive before the missed check', () => {
    const [incident] = incidentsOf(
      events(
        [3_000, 'server.suspect', 'check-missed', { detail: { misses: 1, silentMs: 1_900 } }],
        [3_800, 'server.evicted', 'silent'],
        [3_810, 'recovery.started', 'server-lost', { detail: { rooms: 3 } }],
        [3_900, 'recovery.done', 'server-lost', { detail: { rooms: 3, ms: 90 } }],
      ),
    );
    expect(incident).toMatchObject({ beganAt: 1_100, pauseMs: 2_800 });
  });

  it('keeps an incident open while rooms of the server wait for a new owner', () => {
    const [incident] = incidentsOf(
      events([1_000, 'server.evicted', 'refused'], [1_010, 'recovery.started', 'server-lost', { detail: { rooms: 3 } }]),
    );
    expect(incident).toMatchObject({ outcome: 'evicted', endedAt: null, rooms: 3, pauseMs: null });
  });

  it('ends an incident when a second gateway completes the recovery that a dead gateway had begun', () => {
    const died = events(
      [1_000, 'server.evicted', 'silent'],
      [1_010, 'recovery.started', 'server-lost', { detail: { rooms: 9 } }],
      // The first gateway has died. A second gateway continues the recovery of the remaining rooms.
      [6_000, 'recovery.started', 'server-lost', { detail: { rooms: 2 } }],
    );
    const done = events([6_100, 'recovery.done', 'server-lost', { detail: { rooms: 2, ms: 100 } }]);
    expect(incidentsOf([...died, ...done])).toMatchObject([{ endedAt: 6_100, rooms: 9, pauseMs: 5_100 }]);
  });

  it('ends an incident when a second gateway finds that all rooms have owners again', () => {
    expect(
      incidentsOf(
        events(
          [1_000, 'server.evicted', 'silent'],
          [1_010, 'recovery.started', 'server-lost', { detail: { rooms: 9 } }],
          [6_000, 'recovery.done', 'server-lost', { detail: { rooms: 0, ms: 0 } }],
        ),
      ),
    ).toMatchObject([{ endedAt: 6_000, rooms: 9, pauseMs: 5_000 }]);
  });

  it('does not change an incident of a server without rooms when the recovery ends', () => {
    expect(
      incidentsOf(events([1_000, 'server.evicted', 'silent'], [1_100, 'recovery.done', 'server-lost', { detail: { rooms: 0, ms: 0 } }])),
    ).toMatchObject([{ endedAt: 1_000, rooms: 0, pauseMs: null }]);
  });

  it('ends an incident at the eviction of a server that had no rooms', () => {
    expect(incidentsOf(events([1_000, 'server.evicted', 'refused']))).toMatchObject([{ endedAt: 1_000, rooms: 0, pauseMs: null }]);
  });

  it('makes two incidents of a server that recovers between two suspicions', () => {
    const incidents = incidentsOf(
      events(
        [1_000, 'server.suspect', 'check-missed'],
        [1_500, 'server.heard', 'answered'],
        [8_000, 'server.unheard', 'answers-its-link-only'],
      ),
    );
    expect(incidents).toMatchObject([
      { outcome: 'suspected', beganAt: 8_000, endedAt: null, reasons: ['answers-its-link-only'] },
      { outcome: 'healed', beganAt: 1_000, endedAt: 1_500, severity: 'warning' },
    ]);
  });

  it('ends an incident when the suspected server restarts or leaves before its eviction', () => {
    const suspect: Told = [1_000, 'server.suspect', 'check-missed'];
    expect(incidentsOf(events(suspect, [2_000, 'server.registered', 'started', { incarnation: 2 }]))).toMatchObject([
      { outcome: 'restarted', endedAt: 2_000, returnedAt: 2_000 },
    ]);
    expect(incidentsOf(events(suspect, [2_000, 'server.left', 'by-itself']))).toMatchObject([{ outcome: 'restarted', endedAt: 2_000 }]);
  });

  it('makes an incident of the recovery of a server that restarted before any suspicion', () => {
    const incidents = incidentsOf(
      events(
        [1_000, 'server.registered', 'started', { incarnation: 2 }],
        [1_100, 'recovery.started', 'server-lost', { detail: { rooms: 3 } }],
        [1_300, 'recovery.done', 'server-lost', { detail: { rooms: 3, ms: 200 } }],
      ),
    );
    expect(incidents).toMatchObject([{ outcome: 'restarted', rooms: 3, beganAt: 1_100, endedAt: 1_300, pauseMs: 200 }]);
  });

  it.each([
    ['server.evicted', 'operator'],
    ['server.left', 'by-itself'],
  ] as const)('makes no incident of a recovery after `%s` with the reason `%s`', (kind, reason) => {
    expect(incidentsOf(events([1_000, kind, reason], [1_100, 'recovery.started', 'server-lost', { detail: { rooms: 3 } }]))).toEqual([]);
  });

  it.each(['left', 'operator'])('makes no incident of an eviction for the reason %s', (reason) => {
    expect(incidentsOf(events([1_000, 'server.evicted', reason]))).toEqual([]);
  });

  it('lists each reason once, even when several gateways report the reason', () => {
    const [incident] = incidentsOf(events([1_000, 'server.suspect', 'check-missed'], [1_001, 'server.suspect', 'check-missed']));
    expect(incident?.reasons).toEqual(['check-missed']);
  });
});
