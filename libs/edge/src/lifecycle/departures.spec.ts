import { HoldfastError, type RoomId, type SessionId, type UserId } from '#libs/protocol';
import type { Log } from '#libs/telemetry';
import { DEPARTURES_AT_ONCE, DEPARTURES_MAX, LEFT_KEPT_MS } from '../edge.options.js';
import type { LobbyRouter } from '../lobby/lobby-router.js';
import { newSessionTable } from '../session/session-table.fixture.js';
import { Departures } from './departures.js';

interface Sent {
  readonly user: UserId;
  answer(): Promise<void>;
  fail(code?: HoldfastError['code']): Promise<void>;
}

/** A gateway with a lobby. The test decides when the lobby answers a departure. */
function newGateway() {
  const table = newSessionTable();
  const sent: Sent[] = [];
  const emitted: unknown[] = [];
  const lobbies = {
    requestFor: (_: unknown, operation: string, { user }: { readonly user: UserId }) => {
      expect(operation).toBe('user.gone');
      return new Promise<void>((resolve, reject) => {
        const settle = async (act: () => void): Promise<void> => {
          act();
          await new Promise(setImmediate);
        };
        sent.push({
          user,
          answer: () => settle(resolve),
          fail: (code = 'unavailable') => settle(() => reject(new HoldfastError(code))),
        });
      });
    },
    emit: (_: unknown, operation: string, data: unknown) => emitted.push([operation, data]),
  } as unknown as LobbyRouter;
  const departures = new Departures(lobbies, { debug: () => {} } as unknown as Log);
  const leave = (user: string, number = 1, done?: () => void): void => {
    const session = table.add(`s-${user}-${number}` as SessionId, user as UserId, user);
    session.binding = { room: 'a-room' as RoomId, watching: false, rev: 1 };
    departures.add(session, { turn: 1, number }, done);
  };
  return { departures, leave, sent, emitted, usersSent: () => sent.map(({ user }) => user) };
}

afterEach(() => jest.restoreAllMocks());

/** Sets the monotonic clock of this process ahead by `ms`. */
function pass(ms: number): void {
  const at = performance.now() + ms;
  jest.spyOn(performance, 'now').mockImplementation(() => at);
}

describe('the departure of a session from its room', () => {
  it('is sent again after each failure until a lobby answers', async () => {
    const { departures, leave, sent, usersSent } = newGateway();
    const done = jest.fn();
    leave('ada', 1, done);
    departures.retry();
    expect(usersSent()).toEqual(['ada']);
    await sent[0]!.fail();
    expect([done.mock.calls.length, departures.size]).toEqual([0, 1]);
    departures.retry();
    await sent[1]!.answer();
    departures.retry();
    expect(usersSent()).toEqual(['ada', 'ada']);
    expect([done.mock.calls.length, departures.size]).toEqual([1, 0]);
  });

  it('is still repeated when only an earlier departure of the user was answered', async () => {
    const { departures, leave, sent, usersSent } = newGateway();
    leave('ada', 1);
    leave('ada', 2);
    await sent[1]!.fail();
    await sent[0]!.answer();
    expect(departures.size).toBe(1);
    departures.retry();
    expect(usersSent()).toEqual(['ada', 'ada', 'ada']);
  });

  it('is sent as two events to an older lobby that does not support the request `user.gone`', async () => {
    const { departures, leave, sent, emitted } = newGateway();
    leave('ada');
    await sent[0]!.fail('unknown-operation');
    expect(emitted).toEqual([
      ['member.gone', expect.objectContaining({ room: 'a-room', user: 'ada' })],
      ['searcher.gone', expect.objectContaining({ user: 'ada' })],
    ]);
    expect(departures.size).toBe(0);
  });

  it('is repeated when the store loses its latest data within a minute of the answer', async () => {
    const { departures, leave, sent, usersSent } = newGateway();
    for (const user of ['ada', 'bob']) leave(user);
    for (const request of [...sent]) await request.answer();
    leave('bob', 2);
    departures.repeat();
    expect(usersSent()).toEqual(['ada', 'bob', 'bob', 'ada']);
    for (const request of sent.slice(2)) await request.answer();
    pass(LEFT_KEPT_MS);
    departures.repeat();
    expect(usersSent()).toHaveLength(4);
  });

  it('is dropped when too many later departures wait for their answers', async () => {
    const { departures, leave, sent, usersSent } = newGateway();
    for (let index = 0; index <= DEPARTURES_MAX; index++) leave(`u${index}`);
    expect(departures.size).toBe(DEPARTURES_MAX);
    await Promise.all(sent.map((request) => request.fail()));
    const before = sent.length;
    departures.retry();
    expect(usersSent().slice(before)).toEqual(Array.from({ length: DEPARTURES_AT_ONCE }, (_, index) => `u${index + 1}`));
  });
});
