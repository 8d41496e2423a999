import { matchRules, type RoomId, type UserId } from '#libs/protocol';
import type { ProposedMatch } from '../strategy/match-strategy.js';
import type { OpenRoom } from '../strategy/ticket.js';
import { commitsOf } from './proposed-commits.js';
import type { StoredTicket } from './stored-ticket.js';
import { WaitingQueue } from './waiting-queue.js';

const ROOM: OpenRoom = { room: 'open' as RoomId, game: 'duel', running: true, free: 1, players: [], since: 0, banned: ['bob' as UserId] };
const RULES = matchRules({ min: 2, max: 3 }, { modes: { asked: { acceptMs: 1_000 } } });

function ticketOf(id: string, users: readonly string[] = [id], mode?: string): StoredTicket {
  return { id, game: 'duel', since: 0, players: users.map((user) => ({ user: user as UserId, name: user })), ...(mode && { mode }) };
}

const ADA = ticketOf('ada');
const BOB = ticketOf('bob');
const AWAY = ticketOf('away');
const PARTY = ticketOf('party', ['p1', 'p2']);
const [CY, DORA] = [ticketOf('cy', ['cy'], 'asked'), ticketOf('dora', ['dora'], 'asked')];

function committed(...proposals: readonly ProposedMatch[]) {
  const queue = new WaitingQueue();
  const all = [ADA, BOB, AWAY, PARTY, CY, DORA];
  queue.apply(
    all.map((ticket, index) => ({ id: ticket.id, change: index + 1, ticket, isPaused: ticket === AWAY })),
    ({ since }) => since,
  );
  const terms = { game: 'duel', rules: RULES, rooms: [ROOM], matchesMax: 10, now: 7, newId: () => 'new' as RoomId };
  const { commits, refused } = commitsOf(proposals, queue, terms);
  return { refused, matches: commits.map(({ match }) => match), changes: commits.map(({ tickets }) => tickets) };
}

describe('the commits of a matchmaking round', () => {
  it('contain, for each ticket, the number of the last change that the runner has read', () => {
    const { matches, changes } = committed({ tickets: [ADA, BOB] });
    expect(matches).toEqual([{ id: 'new', game: 'duel', stage: 'making', at: 7, tickets: ['ada', 'bob'], players: 2 }]);
    expect(changes).toEqual([
      [
        { id: 'ada', change: 1 },
        { id: 'bob', change: 2 },
      ],
    ]);
  });

  it('create an offer in a mode whose players must accept the match', () => {
    expect(committed({ tickets: [CY, DORA] }).matches).toMatchObject([{ stage: 'offered' }]);
  });

  it.each<[string, ProposedMatch[]]>([
    ['has an unknown ticket', [{ tickets: [ADA, ticketOf('nobody')] }]],
    ['has a ticket whose player is away', [{ tickets: [ADA, AWAY] }]],
    ['has a ticket twice', [{ tickets: [ADA, ADA] }]],
    ['has too few players', [{ tickets: [ADA] }]],
    ['has too many players', [{ tickets: [ADA, BOB, PARTY] }]],
    ['has players of two modes', [{ tickets: [ADA, CY] }]],
    ['has no ticket', [{ tickets: [] }]],
    ['is for a room that is not open', [{ tickets: [ADA], room: 'other' as RoomId }]],
    ['takes a user into a room that has banned the user', [{ tickets: [BOB], room: ROOM.room }]],
    ['has more players than the room has free seats', [{ tickets: [PARTY], room: ROOM.room }]],
  ])('omit a proposal that %s', (_what, proposals) => {
    expect(committed(...proposals)).toMatchObject({ refused: proposals.length, matches: [] });
  });

  it('omit a proposal for a ticket or seat that an earlier proposal took', () => {
    const { matches, refused } = committed({ tickets: [ADA, BOB] }, { tickets: [BOB, PARTY] }, { tickets: [PARTY], room: ROOM.room });
    expect({ refused, matches: matches.length }).toEqual({ refused: 2, matches: 1 });
    expect(committed({ tickets: [ADA], room: ROOM.room }, { tickets: [CY], room: ROOM.room })).toMatchObject({
      refused: 1,
      matches: [{ room: 'open', tickets: ['ada'], stage: 'making' }],
    });
  });
});
