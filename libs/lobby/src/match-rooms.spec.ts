import { jest } from '@jest/globals';
import type { MatchRecord, StoredTicket } from '#libs/matchmaking';
import { HoldfastError, type RoomId, type UserId } from '#libs/protocol';
import type { RoomRecord } from '#libs/room-store';
import { DissolvedMatches } from './dissolved-matches.js';
import { MatchRooms } from './match-rooms.js';

const ROOM = 'room-1' as RoomId;

function ticketOf(...users: string[]): StoredTicket {
  return {
    id: `t-${users[0]}`,
    game: 'go',
    since: 0,
    players: users.map((user) => ({ user: user as UserId, name: user, asked: { turn: 1, number: 1 } })),
  };
}

function matchOf(tickets: readonly StoredTicket[], fields: Partial<MatchRecord> = {}): MatchRecord {
  const players = tickets.reduce((sum, ticket) => sum + ticket.players.length, 0);
  return { id: 'match-1' as RoomId, game: 'go', stage: 'making', at: 0, tickets: tickets.map(({ id }) => id), players, ...fields };
}

/** A `MatchRooms` with fake dependencies. `left`: the users who have entered another room since their search. */
function matchRooms({
  left = [] as string[],
  late = [] as string[],
  record = null as RoomRecord | null,
  change = async (): Promise<RoomRecord> => record!,
} = {}) {
  const dissolve = jest.fn(async (_match: MatchRecord, ends: readonly unknown[]) => ends.map(() => true));
  const finish = jest.fn(async () => {});
  const matched = jest.fn(async (_ticket: StoredTicket) => {});
  const end = jest.fn(async (_game: string, [{ id }]: readonly { id: string }[]) => [{ id }]);
  const tell = jest.fn(async () => {});
  const tickets = { isOpen: async () => true, dissolve, finish, end };
  const writer = { change };
  const rooms = { now: () => 0, make: async () => record, removeMoved: async () => {} };
  const userRooms = {
    enterMatch: async (user: string) => !left.includes(user),
    move: async () => true,
    noteTicket: async () => true,
    moveStatus: async (user: string) => ({ isLate: late.includes(user) }),
  };
  const starter = { start: async () => Promise.reject(new HoldfastError('room-playing')) };
  const notifier = { matched, ended: async () => {}, endedForOthers: async () => {}, tell };
  const readAgain = jest.fn();
  const games = { get: () => undefined, matchRulesOf: () => undefined };
  const log = { info: () => {}, warn: () => {} };
  const records = { read: async () => record };
  const dissolved = new DissolvedMatches(
    ...([tickets, userRooms, notifier, log] as unknown as ConstructorParameters<typeof DissolvedMatches>),
  );
  const made = new MatchRooms(
    ...([
      tickets,
      dissolved,
      rooms,
      writer,
      records,
      userRooms,
      starter,
      games,
      notifier,
      {},
      { readAgain },
      log,
      { matchWaitMs: 1 },
    ] as unknown as ConstructorParameters<typeof MatchRooms>),
  );
  return { made, dissolve, finish, matched, end, tell, readAgain };
}

/** The record of a room in play with these members. */
function playing(...users: string[]): RoomRecord {
  const members = users.map((user) => ({ user, name: user, readyRound: 0, here: true }));
  return { id: ROOM, game: 'go', status: 'playing', rev: 1, round: 0, doc: { members } } as unknown as RoomRecord;
}

describe('a match that another lobby completes', () => {
  const told = (matched: { mock: { calls: [StoredTicket][] } }) =>
    matched.mock.calls.flatMap(([{ players }]) => players.map(({ user }) => user));

  it('continues when a player leaves after the start of the game', async () => {
    const { made, dissolve, finish, matched } = matchRooms({ left: ['ada'], record: playing('bo') });
    const tickets = [ticketOf('ada'), ticketOf('bo')];
    await made.make(matchOf(tickets), tickets);
    expect(dissolve).not.toHaveBeenCalled();
    expect(finish).toHaveBeenCalledTimes(1);
    expect(told(matched)).toEqual(['bo']);
  });

  it('is dissolved when a player has left before the room is created', async () => {
    const { made, dissolve } = matchRooms({ left: ['ada'] });
    const tickets = [ticketOf('ada'), ticketOf('bo')];
    expect(await made.make(matchOf(tickets), tickets)).toBeNull();
    expect(dissolve).toHaveBeenCalledTimes(1);
  });

  it('continues for the remaining members of a party when one member has left', async () => {
    const { made, dissolve, finish, matched } = matchRooms({ left: ['ada'], record: playing('bo', 'cy') });
    const ticket = ticketOf('ada', 'bo');
    await made.make(matchOf([ticket], { room: ROOM }), [ticket]);
    expect(dissolve).not.toHaveBeenCalled();
    expect(finish).toHaveBeenCalledTimes(1);
    expect(told(matched)).toEqual(['bo']);
  });
});

describe('a ticket whose match is dissolved', () => {
  it('ends, unless a later request of the player has replaced the ticket', async () => {
    const change = async (): Promise<RoomRecord> => Promise.reject(new HoldfastError('room-full'));
    const { made, end } = matchRooms({ change, late: ['ada'] });
    const ticket = ticketOf('ada');
    await made.make(matchOf([ticket], { room: ROOM }), [ticket]);
    expect(end).toHaveBeenCalledWith('go', [expect.objectContaining({ id: ticket.id })], expect.anything());
    expect(end).toHaveBeenCalledTimes(1);
  });

  it('does not return to the queue when one of its players has left', async () => {
    const change = async (): Promise<RoomRecord> => Promise.reject(new HoldfastError('room-full'));
    const { made, tell } = matchRooms({ change, late: ['ada'] });
    const [left, waiting] = [ticketOf('ada', 'bo'), ticketOf('cy')];
    await made.make(matchOf([left, waiting], { room: ROOM }), [left, waiting]);
    expect(tell.mock.calls).toEqual([[expect.objectContaining({ id: waiting.id }), { event: 'searching', returned: true }]]);
  });
});

describe('a match that fills a free seat', () => {
  it('makes the lobby read the open room again for the next search', async () => {
    const { made, readAgain } = matchRooms({ record: playing('ada') });
    const ticket = ticketOf('ada');
    await made.make(matchOf([ticket], { room: ROOM }), [ticket]);
    expect(readAgain).toHaveBeenCalledWith('go', null);
  });

  it('is not dissolved when the store does not answer, because the player may have joined', async () => {
    const change = async (): Promise<RoomRecord> => Promise.reject(new Error('Command timed out'));
    const { made, dissolve } = matchRooms({ change });
    const ticket = ticketOf('ada');
    await expect(made.make(matchOf([ticket], { room: ROOM }), [ticket])).rejects.toThrow('Command timed out');
    expect(dissolve).not.toHaveBeenCalled();
  });

  it('is dissolved when the room refuses the player', async () => {
    const change = async (): Promise<RoomRecord> => Promise.reject(new HoldfastError('room-full'));
    const { made, dissolve } = matchRooms({ change });
    const ticket = ticketOf('ada');
    expect(await made.make(matchOf([ticket], { room: ROOM }), [ticket])).toBeNull();
    expect(dissolve).toHaveBeenCalledTimes(1);
  });
});
