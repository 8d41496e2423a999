import type { FleetLinks, ServerDirectory } from '#libs/fleet';
import { HoldfastError, type PlayerRequest, type RoomId, type SessionId, type UserId } from '#libs/protocol';
import type { StoreGeneration, UserRooms } from '#libs/room-store';
import type { StoreSettlement } from '#libs/settlement';
import { Metrics } from '#libs/telemetry';
import type { RoomRecordCache } from '../room/room-record-cache.js';
import { GatewaySession } from '../session/gateway-session.js';
import { LobbyRouter } from './lobby-router.js';
import { PlayerRequests } from './player-requests.js';

const inRoom = (room: string, rev = 1) => ({ data: { room: { id: room, rev } }, binding: { room: room as RoomId, watching: false, rev } });
const refuse = (code: ConstructorParameters<typeof HoldfastError>[0]) => new HoldfastError(code);

/**
 * Returns the `PlayerRequests` of a gateway with one lobby. The lobby gives these answers in order. If an answer is a function, the lobby
 * calls it when the request arrives, and sends its result.
 */
function newPlayerRequests(...answers: unknown[]) {
  const requests: { operation: string; data: unknown; number: number | undefined }[] = [];
  const generation = { current: 'one' as string | null };
  const overtaken: number[] = [];
  const lobby = {
    id: 'lobby',
    isOpen: true,
    isSilent: false,
    request: async (operation: string, { caller, data }: PlayerRequest) => {
      requests.push({ operation, data, number: caller.asked?.number });
      const next = answers.shift();
      const answer = typeof next === 'function' ? next() : next;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const settled: number[] = [];
  const whenKnown = jest.fn(async (..._: unknown[]): Promise<void> => {});
  const lobbies = new LobbyRouter(
    { get: () => lobby } as unknown as FleetLinks,
    {
      onChange: () => {},
      byType: () => [{ id: 'lobby', state: 'ready', suspect: 0 }],
      get: () => ({ state: 'ready' }),
    } as unknown as ServerDirectory,
  );
  const playerRequests = new PlayerRequests(
    lobbies,
    { overtake: async (_: unknown, { number }: { number: number }) => overtaken.push(number) } as unknown as UserRooms,
    generation as unknown as StoreGeneration,
    { whenSettled: async () => void settled.push(1) } as unknown as StoreSettlement,
    { whenKnown: (...wanted: unknown[]) => whenKnown(...wanted) } as unknown as RoomRecordCache,
    new Metrics({ server: 'hf:gateway:1', level: 'silent', format: 'json' }),
  );
  const session = new GatewaySession('s1' as SessionId, 'u1' as UserId, 'Ada', 1);
  session.admissionNumber = 5;
  /** Returns a function that simulates a restart of the store, and then returns the answer. */
  const afterRestart = (answer: unknown) => () => {
    generation.current = 'two';
    return answer;
  };
  return { playerRequests, session, generation, requests, whenKnown, settled, overtaken, answers, afterRestart };
}

describe('a request whose answer arrives before a restart of the store', () => {
  it('is sent to a lobby only once', async () => {
    const { playerRequests, session, requests, settled } = newPlayerRequests(inRoom('a'));
    await expect(playerRequests.send(session, 'rooms.join', { room: 'a' }, 500)).resolves.toEqual(inRoom('a'));
    expect(requests).toEqual([{ operation: 'rooms.join', data: { room: 'a' }, number: 1 }]);
    expect(settled).toEqual([]);
  });

  it('is sent to a lobby only once, even when the store was unavailable for a moment', async () => {
    const { playerRequests, session, generation, requests, answers } = newPlayerRequests();
    answers.push(() => {
      generation.current = null;
      return inRoom('a');
    });
    await playerRequests.send(session, 'rooms.join', { room: 'a' }, 500);
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['rooms.join', inRoom('a', 7)],
    ['rooms.ready', { data: { room: { id: 'a', rev: 7 } } }],
  ])('is answered only when the gateway has read the room record that the answer names (%s)', async (operation, answer) => {
    const { playerRequests, session, whenKnown } = newPlayerRequests(answer);
    let letPass = (): void => {};
    whenKnown.mockImplementation(
      () =>
        new Promise<void>((resolve) => {
          letPass = resolve;
        }),
    );
    let isAnswered = false;
    const answered = playerRequests.send(session, operation, undefined, 500).finally(() => {
      isAnswered = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(whenKnown).toHaveBeenCalledWith('a', 7, expect.any(Number));
    expect(isAnswered).toBe(false);
    letPass();
    await expect(answered).resolves.toEqual(answer);
  });

  it('is refused with the code that the lobby returned', async () => {
    const { playerRequests, session, overtaken } = newPlayerRequests(refuse('room-full'), refuse('server-lost'));
    await expect(playerRequests.send(session, 'rooms.join', { room: 'a' }, 500)).rejects.toMatchObject({ code: 'room-full' });
    expect(overtaken).toEqual([]);
    await expect(playerRequests.send(session, 'rooms.join', { room: 'a' }, 500)).rejects.toMatchObject({ code: 'server-lost' });
    expect(overtaken).toEqual([3]);
  });
});

describe('the acceptance of a match whose answer is lost', () => {
  it.each(['server-lost', 'unavailable'] as const)(
    'is not cancelled after the error `%s`, because a cancellation would end the search',
    async (code) => {
      const { playerRequests, session, overtaken } = newPlayerRequests(refuse(code));
      await expect(playerRequests.send(session, 'match.accept', { offer: 'm' }, 500)).rejects.toMatchObject({ code });
      expect(overtaken).toEqual([]);
    },
  );
});

describe('a request to enter a room while `rooms.leave` has no answer', () => {
  it.each(['rooms.create', 'rooms.join', 'rooms.watch', 'match.find'])(
    'is sent after the answer to `rooms.leave` (request: `%s`)',
    async (operation) => {
      let answerLeave = (_: unknown): void => {};
      const { playerRequests, session, requests } = newPlayerRequests(() => new Promise((resolve) => (answerLeave = resolve)), inRoom('b'));
      const left = playerRequests.send(session, 'rooms.leave', undefined, 500);
      const entered = playerRequests.send(session, operation, undefined, 500);
      await new Promise((resolve) => setImmediate(resolve));
      expect(requests.map((request) => request.operation)).toEqual(['rooms.leave']);
      answerLeave({ data: { left: 'a' }, binding: null });
      await expect(left).resolves.toMatchObject({ data: { left: 'a' } });
      await expect(entered).resolves.toEqual(inRoom('b'));
      expect(requests).toMatchObject([{ number: 1 }, { operation, number: 2 }]);
    },
  );

  it('is sent when `rooms.leave` is refused', async () => {
    const { playerRequests, session } = newPlayerRequests(refuse('not-in-room'), inRoom('b'));
    const left = playerRequests.send(session, 'rooms.leave', undefined, 500);
    await Promise.all([
      expect(left).rejects.toMatchObject({ code: 'not-in-room' }),
      expect(playerRequests.send(session, 'rooms.create', undefined, 500)).resolves.toEqual(inRoom('b')),
    ]);
  });
});

describe('a request that only reads data', () => {
  it('does not wait for the answer to `rooms.leave`', async () => {
    const { playerRequests, session, requests } = newPlayerRequests(() => new Promise(() => {}), { data: { room: null } });
    void playerRequests.send(session, 'rooms.leave', undefined, 500);
    await playerRequests.send(session, 'me', undefined, 500);
    expect(requests).toHaveLength(2);
  });
});

describe('a request whose answer arrives after a restart of the store', () => {
  it('is repeated with an unchanged request number as soon as the store is settled', async () => {
    const { playerRequests, session, requests, settled, answers, afterRestart } = newPlayerRequests();
    answers.push(afterRestart(inRoom('a', 7)), () => {
      expect(settled).toHaveLength(1);
      expect(session.unanswered).toEqual([1]);
      return inRoom('a', 6);
    });
    await expect(playerRequests.send(session, 'rooms.join', { room: 'a' }, 500)).resolves.toEqual(inRoom('a', 6));
    expect(requests.map(({ number }) => number)).toEqual([1, 1]);
    expect(session.unanswered).toEqual([]);
  });

  it('is repeated when the room record that the answer names arrives only after the restart', async () => {
    const { playerRequests, session, generation, requests, whenKnown } = newPlayerRequests(inRoom('a', 7), inRoom('a', 6));
    whenKnown.mockImplementationOnce(async () => {
      generation.current = 'two';
    });
    await expect(playerRequests.send(session, 'rooms.join', { room: 'a' }, 500)).resolves.toEqual(inRoom('a', 6));
    expect(requests).toHaveLength(2);
  });

  it.each(['unavailable', 'busy', 'overtaken', 'server-lost', 'already-in-room'] as const)(
    'is repeated after the refusal `%s`',
    async (code) => {
      const { playerRequests, session, answers, afterRestart } = newPlayerRequests();
      answers.push(afterRestart(refuse(code)), refuse('unavailable'), inRoom('a'));
      await expect(playerRequests.send(session, 'rooms.join', { room: 'a' }, 2_000)).resolves.toEqual(inRoom('a'));
    },
  );

  it('is not repeated when the request only reads data', async () => {
    const { playerRequests, session, requests, answers, afterRestart } = newPlayerRequests();
    answers.push(afterRestart({ data: { rooms: [] } }));
    await playerRequests.send(session, 'rooms.list', undefined, 500);
    expect(requests).toHaveLength(1);
  });

  it.each(['rooms.create', 'match.find'])(
    'brings the player into the room of the first answer to `%s` when the room still exists',
    async (operation) => {
      const repeated = newPlayerRequests();
      repeated.answers.push(repeated.afterRestart(inRoom('a')), inRoom('a', 2));
      await expect(repeated.playerRequests.send(repeated.session, operation, { game: 'chess' }, 500)).resolves.toEqual(inRoom('a', 2));
      expect(repeated.requests.map((request) => request.operation)).toEqual([operation, 'rooms.join']);

      const lost = newPlayerRequests();
      lost.answers.push(lost.afterRestart(inRoom('a')), refuse('room-unknown'), inRoom('b'));
      await expect(lost.playerRequests.send(lost.session, operation, { game: 'chess' }, 500)).resolves.toEqual(inRoom('b'));
      expect(lost.requests.map((request) => request.operation)).toEqual([operation, 'rooms.join', operation]);
    },
  );

  it('brings the player into the room of the first attempt when the answer to that attempt was lost', async () => {
    const { playerRequests, session, requests, answers, afterRestart } = newPlayerRequests();
    const me = { data: { room: { id: 'a' }, watching: false } };
    answers.push(afterRestart(refuse('server-lost')), refuse('already-in-room'), me, inRoom('a'));
    await expect(playerRequests.send(session, 'rooms.create', { game: 'chess' }, 500)).resolves.toEqual(inRoom('a'));
    expect(requests.map(({ operation }) => operation)).toEqual(['rooms.create', 'rooms.create', 'me', 'rooms.join']);
  });

  it('succeeds when the request is `rooms.leave` and the player is in no room', async () => {
    const { playerRequests, session, answers, afterRestart } = newPlayerRequests();
    session.binding = { room: 'a' as RoomId, watching: false, rev: 1 };
    answers.push(afterRestart(refuse('unavailable')), refuse('not-in-room'));
    await expect(playerRequests.send(session, 'rooms.leave', undefined, 500)).resolves.toEqual({ data: { left: 'a' }, binding: null });
  });

  it('succeeds when the request is a start and the game already runs', async () => {
    const { playerRequests, session, answers, afterRestart } = newPlayerRequests();
    const room = { id: 'a', status: 'playing' };
    answers.push(afterRestart({ data: { room } }), refuse('room-playing'), { data: { room, watching: false } });
    await expect(playerRequests.send(session, 'rooms.start', undefined, 500)).resolves.toEqual({ data: { room } });
  });

  it('succeeds when the request is a cancellation and the store has lost the search', async () => {
    const { playerRequests, session, answers, afterRestart } = newPlayerRequests();
    answers.push(afterRestart({ data: { cancelled: true } }), { data: { cancelled: false } });
    await expect(playerRequests.send(session, 'match.cancel', undefined, 500)).resolves.toEqual({ data: { cancelled: true } });
  });
});

describe('the search of a session', () => {
  it('stays cancelled when the answer to `match.find` arrives after the answer to `match.cancel`', async () => {
    let answerSearch = (_: unknown): void => {};
    const { playerRequests, session, answers } = newPlayerRequests();
    answers.push(() => new Promise((resolve) => (answerSearch = resolve)), { data: { cancelled: true }, binding: null });
    const found = playerRequests.send(session, 'match.find', { game: 'chess' }, 500);
    await playerRequests.send(session, 'match.cancel', undefined, 500);
    answerSearch({ data: { waiting: true }, binding: null });
    await found;
    expect(session.search).toBeNull();
  });

  it('is recorded in the session even when the session has cancelled an earlier search', async () => {
    const { playerRequests, session } = newPlayerRequests({ data: { cancelled: true } }, { data: { waiting: true } });
    await playerRequests.send(session, 'match.cancel', undefined, 500);
    await playerRequests.send(session, 'match.find', { game: 'chess' }, 500);
    expect(session.search?.data).toEqual({ game: 'chess' });
  });
});
