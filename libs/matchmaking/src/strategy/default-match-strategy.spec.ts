import type { MatchOptions } from '#libs/protocol';
import { DefaultMatchStrategy } from './default-match-strategy.js';
import type { MatchQueueView, ProposedMatch } from './match-strategy.js';
import type { Ticket } from './ticket.js';
import { idsOf, NOW, roomOf, ticketOf, viewOf } from './tickets.fixture.js';

const skill = { from: 100, to: 600, overMs: 50_000 };
const match = (view: MatchQueueView): ProposedMatch[] => [...new DefaultMatchStrategy().match(view)];
const pairs = (tickets: readonly Ticket[], options: MatchOptions = {}): string[][] => idsOf(match(viewOf(2, options, tickets)));

describe('DefaultMatchStrategy', () => {
  it('matches the tickets that have waited longest', () => {
    const tickets = [ticketOf('young', 1500), ticketOf('old', 1500, { waitedMs: 20 }), ticketOf('middle', 1500, { waitedMs: 10 })];
    expect(pairs(tickets)).toEqual([['middle', 'old']]);
  });

  it('proposes no match without enough tickets', () => {
    expect(pairs([])).toEqual([]);
    expect(pairs([ticketOf(1, 1500)])).toEqual([]);
  });

  it('puts only tickets with the same mode and equal options into one match', () => {
    const options = { modes: { blitz: {}, slow: {} } };
    expect(pairs([ticketOf(1, 1500, { mode: 'blitz' }), ticketOf(2, 1500, { mode: 'slow' }), ticketOf(3, 1500)], options)).toEqual([]);
    expect(pairs([ticketOf(1, 1500, { options: { map: 'a' } }), ticketOf(2, 1500, { options: { map: 'b' } })])).toEqual([]);
    expect(pairs([ticketOf(1, 1500, { options: { a: 1, b: 2 } }), ticketOf(2, 1500, { options: { b: 2, a: 1 } })])).toHaveLength(1);
    expect(pairs([ticketOf(1, 1500, { options: {} }), ticketOf(2, 1500)])).toHaveLength(1);
  });

  it('ignores tickets with an unknown mode or with a party that is too large', () => {
    expect(pairs([ticketOf(1, 1500, { mode: 'none' }), ticketOf(2, 1500, { mode: 'none' })])).toEqual([]);
    expect(pairs([ticketOf(1, [1500, 1500, 1500]), ticketOf(2, 1500), ticketOf(3, 1500)])).toEqual([['2', '3']]);
  });

  describe('for a game with ratings', () => {
    it('matches each ticket with the ticket of the nearest rating', () => {
      const tickets = [ticketOf(1, 1500, { waitedMs: 5 }), ticketOf(2, 1560), ticketOf(3, 1520), ticketOf(4, 1470)];
      expect(pairs(tickets, { skill })).toEqual([
        ['1', '3'],
        ['2', '4'],
      ]);
    });

    it('matches two tickets when the rating windows of both have widened enough', () => {
      const at = (waitedMs: number) => pairs([ticketOf(1, 1500, { waitedMs }), ticketOf(2, 1750, { waitedMs })], { skill });
      expect(at(0)).toEqual([]);
      expect(at(14_000)).toEqual([]);
      expect(at(15_000)).toEqual([['1', '2']]);
    });

    it('does not match a new ticket beyond its own rating window', () => {
      const far = ticketOf(1, 1500, { waitedMs: 40_000 });
      expect(pairs([far, ticketOf(2, 1800)], { skill })).toEqual([]);
    });

    it('ignores ratings for a ticket that waits longer than `maxWaitMs`', () => {
      const overdue = ticketOf(1, 1500, { waitedMs: 60_000 });
      expect(pairs([overdue, ticketOf(2, 2900)], { skill })).toEqual([['1', '2']]);
      expect(pairs([overdue, ticketOf(2, 2900)], { skill, maxWaitMs: 60_001 })).toEqual([]);
    });

    it('widens the rating window of a ticket by the uncertainty of the rating', () => {
      const unsure = (id: number, mu: number): Ticket => {
        const ticket = ticketOf(id, mu);
        return { ...ticket, players: [{ ...ticket.players[0], rating: { mu, sigma: 400 } }] };
      };
      expect(pairs([unsure(1, 1500), unsure(2, 1690)], { skill })).toHaveLength(1);
      expect(pairs([unsure(1, 1500), ticketOf(2, 1690)], { skill })).toEqual([]);
    });
  });

  describe('for tickets with regions', () => {
    const latency = { from: 80, to: 200, overMs: 10_000 };
    const one = (tickets: readonly Ticket[]) => match(viewOf(2, { latency }, tickets))[0];

    it('chooses the common region with the smallest maximum latency', () => {
      const found = one([ticketOf(1, 1500, { regions: { eu: 10, us: 60 } }), ticketOf(2, 1500, { regions: { eu: 79, us: 50 } })]);
      expect(found.region).toBe('us');
    });

    it('matches two tickets only when both are within the widening latency limit of one region', () => {
      const at = (waitedMs: number) =>
        one([ticketOf(1, 1500, { waitedMs, regions: { eu: 10, us: 180 } }), ticketOf(2, 1500, { waitedMs, regions: { us: 10 } })]);
      expect(at(0)).toBeUndefined();
      expect(at(8_000)).toBeUndefined();
      expect(at(9_000)?.region).toBe('us');
    });

    it('respects the maximum latency even for a ticket that waits longer than `maxWaitMs`', () => {
      const waitedMs = 100_000;
      expect(
        one([ticketOf(1, 1500, { waitedMs, regions: { eu: 10 } }), ticketOf(2, 1500, { waitedMs, regions: { eu: 201 } })]),
      ).toBeUndefined();
    });

    it('matches a ticket without latencies in the region of a ticket with latencies', () => {
      expect(one([ticketOf(1, 1500, { waitedMs: 1 }), ticketOf(2, 1500, { regions: { ap: 20 } })])?.region).toBe('ap');
    });

    it('uses the preferred region of the ticket that waits longest when no ticket has latencies', () => {
      expect(one([ticketOf(1, 1500, { region: 'us' }), ticketOf(2, 1500, { region: 'eu', waitedMs: 1 })])?.region).toBe('eu');
    });
  });

  describe('for tickets with attributes', () => {
    it('matches tickets that are equal in each attribute', () => {
      const tickets = [
        ticketOf(1, 1500, { attributes: { language: 'de' }, waitedMs: 3 }),
        ticketOf(2, 1500, { attributes: { language: 'fr' }, waitedMs: 2 }),
        ticketOf(3, 1500, { attributes: { language: { any: ['en', 'fr'] } }, waitedMs: 1 }),
        ticketOf(4, 1500),
      ];
      expect(pairs(tickets)).toEqual([
        ['1', '4'],
        ['2', '3'],
      ]);
    });

    it('matches tickets with equal attributes even when a ticket with a nearer rating has different attributes', () => {
      const attributes = (language: string) => ({ attributes: { language } });
      const tickets = [
        ticketOf(1, 1500, { waitedMs: 9 }),
        ticketOf(2, 1501, attributes('de')),
        ticketOf(3, 1540, attributes('fr')),
        ticketOf(4, 1550, attributes('fr')),
      ];
      expect(idsOf(match(viewOf(3, { skill }, tickets)))).toEqual([['1', '3', '4']]);
    });

    it('matches two tickets only when each ticket accepts the role of the other', () => {
      const role = (value: string, any: string[]) => ({ attributes: { role: { value, any } } });
      expect(pairs([ticketOf(1, 1500, role('tank', ['healer'])), ticketOf(2, 1500, role('tank', ['healer']))])).toEqual([]);
      expect(pairs([ticketOf(1, 1500, role('tank', ['healer'])), ticketOf(2, 1500, role('healer', ['tank']))])).toHaveLength(1);
    });

    it('proposes the same matches as a new instance of the strategy when the number of combinations of attributes changes', () => {
      const all = Array.from({ length: 150 }, (_, index) =>
        ticketOf(index, 1400 + index, { waitedMs: index % 7, attributes: { level: { value: index, min: index - 30, max: index + 2 } } }),
      );
      const strategy = new DefaultMatchStrategy();
      for (const count of [20, 150, 40, 100, 10]) {
        const view = viewOf(3, { skill }, all.slice(0, count));
        expect([...strategy.match(view)]).toEqual(match(view));
      }
    });

    it('finds all matches when each of 300 tickets has different attributes', () => {
      const tickets = Array.from({ length: 300 }, (_, index) =>
        ticketOf(index, 1500, { waitedMs: index, attributes: { level: { value: index, min: index - 1, max: index + 1 } } }),
      );
      const found = pairs(tickets);
      expect(found).toHaveLength(150);
      for (const [a, b] of found) expect(Math.abs(Number(a) - Number(b))).toBe(1);
    });
  });

  describe('for a game with a range of players', () => {
    const fillMs = 5_000;
    const sizes = (count: number, waitedMs: number) =>
      match(
        viewOf(
          { min: 2, max: 4 },
          { fillMs },
          Array.from({ length: count }, (_, id) => ticketOf(id, 1500, { waitedMs })),
        ),
      ).map(({ tickets }) => tickets.length);

    it('proposes a match with the maximum number of players immediately', () => {
      expect(sizes(9, 0)).toEqual([4, 4]);
    });

    it('proposes a match with fewer players only when the tickets have waited for `fillMs`', () => {
      expect(sizes(3, 4_999)).toEqual([]);
      expect(sizes(3, 5_000)).toEqual([3]);
      expect(sizes(6, 5_000)).toEqual([4, 2]);
      expect(sizes(1, 5_000)).toEqual([]);
    });
  });

  describe('for a game with teams', () => {
    const teams = { count: 2, size: 3 };
    const made = (tickets: readonly Ticket[], options: MatchOptions = { teams }) => match(viewOf({ min: 2, max: 10 }, options, tickets));

    it('forms teams of similar strength', () => {
      const [found] = made([1100, 1200, 1300, 1700, 1800, 1900].map((mu, id) => ticketOf(id, mu)));
      const sums = found.teams!.map((team) => team.reduce((sum, user) => sum + [1100, 1200, 1300, 1700, 1800, 1900][Number(user[0])], 0));
      expect(Math.abs(sums[0] - sums[1])).toBeLessThanOrEqual(200);
    });

    it('keeps a party in one team', () => {
      const [found] = made([ticketOf(1, [1500, 1500]), ticketOf(2, [1500, 1500]), ticketOf(3, 1500), ticketOf(4, 1500)]);
      const teamOf = (user: string) => found.teams!.findIndex((team) => team.some((one) => one === user));
      expect(teamOf('1a')).toBe(teamOf('1b'));
      expect(teamOf('2a')).toBe(teamOf('2b'));
      expect(found.teams!.map((team) => team.length)).toEqual([3, 3]);
    });

    it('finds teams that a search without backtracking would miss', () => {
      const tickets = [
        ticketOf(1, [1500, 1500], { waitedMs: 9 }),
        ticketOf(2, [1501, 1501, 1501]),
        ticketOf(3, [1502, 1502, 1502]),
        ticketOf(4, 1503),
        ticketOf(5, [1504, 1504]),
      ];
      expect(idsOf(made(tickets, { teams: { count: 2, size: 4 } }))).toEqual([['1', '2', '4', '5']]);
    });

    it('proposes no match for parties that cannot fill the teams', () => {
      expect(made([ticketOf(1, [1500, 1500]), ticketOf(2, [1500, 1500]), ticketOf(3, [1500, 1500])])).toEqual([]);
    });
  });

  describe('for a game with bots', () => {
    it('adds bots up to the minimum number of players after `botsAfterMs`', () => {
      const found = (waitedMs: number) =>
        match(viewOf({ min: 3, max: 6 }, { botsAfterMs: 9_000 }, [ticketOf(1, 1500, { waitedMs }), ticketOf(2, 1500)]));
      expect(found(8_999)).toEqual([]);
      expect(found(9_000)).toMatchObject([{ bots: 1, tickets: [{ id: '1' }, { id: '2' }] }]);
    });

    it('fills the free seats of a team with bots', () => {
      const [found] = match(
        viewOf(4, { teams: { count: 2, size: 2 }, botsAfterMs: 1 }, [ticketOf(1, [1500, 1500], { waitedMs: 1 }), ticketOf(2, 1500)]),
      );
      expect(found.bots).toBe(1);
      expect(found.teams).toEqual([['1a', '1b'], ['2a']]);
    });
  });

  describe('for a game with open rooms', () => {
    const backfill = { running: true, waiting: true };
    const fill = (options: MatchOptions, tickets: readonly Ticket[], ...rooms: ReturnType<typeof roomOf>[]) =>
      match(viewOf({ min: 2, max: 4 }, { backfill, fillMs: 0, ...options }, tickets, { rooms }));

    it('fills a running room with the tickets whose ratings are nearest to its players', () => {
      const room = roomOf('r', 1, { since: NOW - 9, players: ticketOf('in', 1500).players });
      expect(fill({ skill }, [ticketOf(1, 1560), ticketOf(2, 1520)], room)).toMatchObject([{ room: 'r', tickets: [{ id: '2' }] }]);
    });

    it('fills a room only with tickets of users who are not banned', () => {
      const banned = ticketOf(1, 1500);
      const room = roomOf('r', 2, { since: NOW - 9, banned: [banned.players[0]!.user] });
      expect(fill({}, [banned], room)).toEqual([]);
      expect(fill({}, [{ ...banned, attributes: { a: 1 } }, ticketOf(2, 1500, { attributes: { a: 2 } })], room)).toMatchObject([
        { room: 'r', tickets: [{ id: '2' }] },
      ]);
    });

    it('makes a new match instead of filling a room when a ticket has waited longer than the room', () => {
      const room = roomOf('r', 1, { since: NOW - 9 });
      const tickets = [ticketOf(1, 1500, { waitedMs: 10 }), ticketOf(2, 1500, { waitedMs: 8 })];
      expect(fill({}, tickets, room)).toMatchObject([{ tickets: [{ id: '1' }, { id: '2' }] }]);
    });

    it('fills a waiting room only when the room then has the minimum number of players', () => {
      const room = roomOf('r', 3, { running: false, since: NOW - 9, players: ticketOf('in', 1500).players });
      const options = { players: { min: 3, max: 4 } };
      expect(fill(options, [ticketOf(1, 1500)], room)).toEqual([]);
      expect(fill(options, [ticketOf(1, 1500), ticketOf(2, 1500)], room)).toMatchObject([
        { room: 'r', tickets: [{ id: '1' }, { id: '2' }] },
      ]);
    });

    it('fills no room of a game without backfill', () => {
      const rooms = [roomOf('r', 3, { since: NOW - 9 }), roomOf('w', 3, { running: false, since: NOW - 9 })];
      expect(fill({ backfill: { running: false, waiting: false } }, [ticketOf(1, 1500)], ...rooms)).toEqual([]);
    });

    it('adds players to the smaller team', () => {
      const players = ticketOf('x', [1500, 1500, 1500]).players;
      const room = roomOf('r', 1, { since: NOW - 9, players, teams: [[players[0].user, players[1].user], [players[2].user]] });
      expect(fill({ teams: { count: 2, size: 2 } }, [ticketOf(1, 1500)], room)).toMatchObject([{ room: 'r', teams: [[], ['1a']] }]);
    });

    it('fills a room only with tickets of its region, options and mode', () => {
      const other = [
        roomOf('a', 1, { since: NOW - 9, region: 'us' }),
        roomOf('b', 1, { since: NOW - 9, options: { map: 'x' } }),
        roomOf('c', 1, { since: NOW - 9, mode: 'm' }),
      ];
      expect(fill({ modes: { m: {} } }, [ticketOf(1, 1500, { regions: { eu: 10 } })], ...other)).toEqual([]);
    });
  });

  it('prefers tickets from a failed match, unless another ticket waits much longer', () => {
    const tickets = [
      ticketOf(1, 1500, { waitedMs: 5_000 }),
      ticketOf(2, 1500, { priority: 1 }),
      ticketOf(3, 1500, { waitedMs: 11_000 }),
      ticketOf(4, 1500),
    ];
    expect([...new DefaultMatchStrategy().match(viewOf(2, {}, tickets))].map(({ tickets: [first] }) => first.id)).toEqual(['3', '1']);
    expect(idsOf(new DefaultMatchStrategy().match(viewOf(2, {}, tickets)))).toEqual([['1', '4'].sort(), ['2', '3'].sort()].reverse());
  });
});

describe('the explanation of a waiting ticket', () => {
  const explain = (view: MatchQueueView, id: string) => {
    const strategy = new DefaultMatchStrategy();
    const ticket = [...view.tickets].find((one) => one.id === id)!;
    return strategy.explain(ticket, view);
  };

  it('contains the place in the queue, the rating window and the number of missing players', () => {
    const view = viewOf(4, { skill }, [ticketOf(1, 1500, { waitedMs: 5_000 }), ticketOf(2, 1600, { waitedMs: 6_000 }), ticketOf(3, 1640)]);
    expect(explain(view, '1')).toEqual({
      place: 2,
      waiting: 3,
      window: 150,
      found: 1,
      needed: 3,
      reason: '1 player within 150 points, 3 needed.',
    });
    expect(explain(view, '2').place).toBe(1);
  });

  it('contains the latency limit', () => {
    const view = viewOf(2, { latency: { from: 80, to: 200, overMs: 10_000 } }, [ticketOf(1, 1500, { regions: { eu: 10 } })]);
    expect(explain(view, '1')).toMatchObject({ latencyMs: 80, reason: '0 players within 80 ms, 1 needed.' });
  });

  it('contains the number of players that a full match still needs', () => {
    const view = viewOf({ min: 2, max: 4 }, {}, [ticketOf(1, 1500), ticketOf(2, 1500)]);
    expect(explain(view, '1').reason).toBe('1 player, 3 needed for a full match.');
  });

  it('reports that the parties cannot fill the teams, or that no match can contain the ticket', () => {
    const view = viewOf(4, { teams: { count: 2, size: 2 } }, [
      ticketOf(1, [1500, 1500]),
      ticketOf(2, 1500),
      ticketOf(3, [1500, 1500, 1500]),
    ]);
    expect(explain(view, '1').reason).toBe('1 player, 2 needed.');
    expect(explain(view, '3')).toMatchObject({ place: 0, reason: expect.stringContaining('No match of this game can have these players') });
  });

  it('estimates the remaining wait from the waiting times of recent tickets that waited longer', () => {
    const recent = [{ at: NOW, waitedMs: [1_000, 2_000, 3_000, 4_000, 5_000, 6_000] }];
    const view = (waitedMs: number) => viewOf(2, {}, [ticketOf(1, 1500, { waitedMs })], { recent });
    expect(explain(view(0), '1').estimateMs).toBe(4_000);
    expect(explain(view(3_500), '1').estimateMs).toBe(1_500);
    expect(explain(view(9_000), '1').estimateMs).toBeUndefined();
  });

  it('does not change the matches of the next round', () => {
    const strategy = new DefaultMatchStrategy();
    const view = viewOf(2, {}, [ticketOf(1, 1500), ticketOf(2, 1500)]);
    expect(idsOf(strategy.match(view))).toEqual([['1', '2']]);
    expect(strategy.explain([...view.tickets][0], view).reason).toContain('the next round makes the match');
    expect(idsOf(strategy.match({ ...view }))).toEqual([['1', '2']]);
  });
});
