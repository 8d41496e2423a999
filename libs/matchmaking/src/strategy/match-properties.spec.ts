import fc from 'fast-check';
import { type MatchOptions, type MatchRules, type RoomId, rulesOfMode, type UserId } from '#libs/protocol';
import { latencyLimit } from './anchor.js';
import { attributesAgree } from './attributes.js';
import { DefaultMatchStrategy } from './default-match-strategy.js';
import type { MatchQueueView, ProposedMatch } from './match-strategy.js';
import type { OpenRoom, Ticket } from './ticket.js';
import { NOW, viewOf } from './tickets.fixture.js';
import { isOverdue, ratingLimit, ratingOf } from './windows.js';

const SEATS = { min: 2, max: 8 };

const windowArb = (to: number) =>
  fc.record({ from: fc.integer({ min: 0, max: to / 4 }), to: fc.constant(to), overMs: fc.constantFrom(1_000, 30_000) });

const modeArb = fc.record(
  {
    size: fc.oneof(
      fc
        .tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 0, max: 3 }))
        .map(([min, more]) => ({ players: { min, max: min + more } })),
      fc
        .tuple(fc.constantFrom(2, 3), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 0, max: 2 }))
        .filter(([count, min, more]) => count * (min + more) <= SEATS.max)
        .map(([count, min, more]) => ({ teams: { count, size: { min, max: min + more } } })),
    ),
    skill: windowArb(600),
    latency: windowArb(200),
    fillMs: fc.constantFrom(0, 5_000),
    maxWaitMs: fc.constantFrom(20_000, 60_000),
    botsAfterMs: fc.constantFrom(10_000, 70_000),
    backfill: fc.record({ running: fc.boolean(), waiting: fc.boolean() }),
  },
  { requiredKeys: ['size', 'fillMs', 'maxWaitMs'] },
);

const optionsArb: fc.Arbitrary<MatchOptions> = fc
  .record({ own: modeArb, duel: modeArb })
  .map(({ own: { size, ...own }, duel: { size: duelSize, ...duel } }) => ({ ...own, ...size, modes: { duel: { ...duel, ...duelSize } } }));

const playerArb = fc.record({ mu: fc.integer({ min: 1_000, max: 2_000 }), sigma: fc.constantFrom(0, 80, 400) });

const ticketArb = fc.record(
  {
    ratings: fc.oneof(
      { weight: 4, arbitrary: fc.array(playerArb, { minLength: 1, maxLength: 1 }) },
      fc.array(playerArb, { minLength: 2, maxLength: 3 }),
    ),
    mode: fc.constant('duel'),
    waitedMs: fc.constantFrom<number>(0, 3_000, 6_000, 15_000, 25_000, 80_000),
    options: fc.constantFrom({ map: 'a' }, {}),
    regions: fc.dictionary(fc.constantFrom('eu', 'us', 'ap'), fc.integer({ min: 5, max: 260 }), { minKeys: 1 }),
    attributes: fc.record({ language: fc.constantFrom('de', 'fr') }),
    priority: fc.constantFrom(1, 2),
  },
  { requiredKeys: ['ratings', 'waitedMs'] },
);

const ticketsArb = (maxLength: number): fc.Arbitrary<Ticket[]> =>
  fc.array(ticketArb, { maxLength }).map((all) => all.map((ticket, index) => toTicket(ticket, index)));

function toTicket(
  { ratings, waitedMs, ...rest }: typeof ticketArb extends fc.Arbitrary<infer Value> ? Value : never,
  index: number,
): Ticket {
  const players = ratings.map((rating, at) => ({ user: `${index}-${at}` as UserId, name: '', rating }));
  return { id: `t${index}`, game: 'duel', since: NOW - waitedMs, players, ...rest };
}

const roomsArb: fc.Arbitrary<OpenRoom[]> = fc
  .array(
    fc.record(
      {
        ratings: fc.array(playerArb, { maxLength: 3 }),
        free: fc.integer({ min: 1, max: 4 }),
        running: fc.boolean(),
        waitedMs: fc.constantFrom(0, 10_000, 90_000),
        mode: fc.constant('duel'),
        region: fc.constantFrom('eu', 'us'),
        attributes: fc.record({ language: fc.constantFrom('de', 'fr') }),
      },
      { requiredKeys: ['ratings', 'free', 'running', 'waitedMs'] },
    ),
    { maxLength: 3 },
  )
  .map((all) =>
    all.map(({ ratings, waitedMs, ...rest }, index) => ({
      room: `r${index}` as RoomId,
      game: 'duel',
      since: NOW - waitedMs,
      players: ratings.map((rating, at) => ({ user: `r${index}-${at}` as UserId, name: '', rating })),
      ...rest,
    })),
  );

const viewArb = (tickets = 12): fc.Arbitrary<MatchQueueView> =>
  fc
    .record({ options: optionsArb, tickets: ticketsArb(tickets), rooms: roomsArb })
    .map(({ options, ...view }) => viewOf(SEATS, options, [], view));

const matchesOf = (view: MatchQueueView): ProposedMatch[] => [...new DefaultMatchStrategy().match(view)];

describe('the proposed matches', () => {
  it('contain each ticket and each room at most once', () => {
    fc.assert(
      fc.property(viewArb(), (view) => {
        const matches = matchesOf(view);
        const used = matches.flatMap(({ tickets }) => tickets);
        expect(new Set(used).size).toBe(used.length);
        const all = new Set(view.tickets);
        for (const ticket of used) expect(all.has(ticket)).toBe(true);
        const rooms = matches.flatMap(({ room }) => room ?? []);
        expect(new Set(rooms).size).toBe(rooms.length);
      }),
    );
  });

  it('satisfy the rules of their mode, the attributes, the regions and the rating windows', () => {
    fc.assert(
      fc.property(viewArb(), (view) => {
        for (const match of matchesOf(view)) expect(flawOf(match, view)).toBeNull();
      }),
      { numRuns: 400 },
    );
  });

  it('have teams of equal size, and keep each party in one team', () => {
    fc.assert(
      fc.property(viewArb(), (view) => {
        for (const { tickets, teams, bots = 0, room } of matchesOf(view)) {
          if (room) continue;
          const rules = rulesOfMode(view.rules, tickets[0].mode)!;
          expect(teams !== undefined).toBe(rules.teams !== undefined);
          if (!teams) continue;
          expect(teams.flat().sort()).toEqual(tickets.flatMap(({ players }) => players.map(({ user }) => user)).sort());
          for (const { players } of tickets)
            expect(teams.filter((team) => players.some(({ user }) => team.includes(user)))).toHaveLength(1);
          const largest = Math.max(...teams.map((team) => team.length));
          if (bots === 0) for (const team of teams) expect(team).toHaveLength(largest);
          else expect(largest).toBeLessThanOrEqual(Math.max(rules.teams!.size.min, tickets[0].players.length));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('a ticket that the strategy leaves unmatched', () => {
  const check = (full: MatchQueueView): void => {
    const view = { ...full, rooms: [] };
    const matches = matchesOf(view);
    const matched = new Set(matches.flatMap(({ tickets }) => tickets));
    for (const ticket of view.tickets) {
      if (matched.has(ticket)) continue;
      // The strategy builds each match around its first ticket. So only a match whose first ticket is served earlier can take tickets away
      // from this ticket.
      const taken = new Set(matches.filter(({ tickets: [first] }) => isServedBefore(first, ticket)).flatMap(({ tickets }) => tickets));
      const left = [...view.tickets].filter((other) => other !== ticket && !taken.has(other));
      expect(possibleMatch(ticket, left, view)).toBeNull();
    }
  };

  it('cannot form a match with the tickets that remain after the matches of all earlier tickets', () => {
    fc.assert(fc.property(viewArb(9), check), { numRuns: 300 });
  });

  it('cannot form a match with the remaining tickets when the tickets differ only in attributes or party sizes', () => {
    const sizes = fc.integer({ min: 1, max: 4 }).map((size) => ({ ratings: new Array(size).fill({ mu: 1500, sigma: 0 }) }));
    const languages = fc.record({ attributes: fc.record({ language: fc.constantFrom('de', 'fr') }) }, { requiredKeys: [] });
    const similarArb = fc
      .array(fc.tuple(sizes, languages, fc.integer({ min: 0, max: 9 })), { minLength: 5, maxLength: 9 })
      .map((all) => all.map(([size, language, waitedMs], index) => toTicket({ ...size, ...language, waitedMs }, index)));
    const rulesArb = fc.constantFrom<MatchOptions>(
      { players: 5 },
      { teams: { count: 2, size: 4 } },
      { players: 3 },
      { teams: { count: 2, size: { min: 2, max: 4 } } },
    );
    const similarViewArb = fc.tuple(rulesArb, similarArb).map(([options, tickets]) => viewOf(SEATS, { fillMs: 5, ...options }, tickets));
    fc.assert(fc.property(similarViewArb, check), { numRuns: 400 });
  });
});

describe('the result of the strategy', () => {
  it('does not depend on the order of the tickets and rooms', () => {
    fc.assert(
      fc.property(
        viewArb().chain((view) =>
          fc.tuple(
            fc.constant(view),
            fc.shuffledSubarray([...view.tickets], { minLength: [...view.tickets].length }),
            fc.shuffledSubarray([...view.rooms], { minLength: view.rooms.length }),
          ),
        ),
        ([view, tickets, rooms]) => {
          expect(matchesOf({ ...view, tickets, rooms })).toEqual(matchesOf(view));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('does not depend on earlier calls', () => {
    const stepsArb = fc.array(
      fc.record({
        keep: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        afterMs: fc.constantFrom(0, 1_000, 20_000),
        take: fc.integer({ min: 0, max: 8 }),
      }),
      { minLength: 2, maxLength: 6 },
    );
    fc.assert(
      fc.property(viewArb(40), optionsArb, stepsArb, (first, options, steps) => {
        const strategy = new DefaultMatchStrategy();
        let now = NOW;
        for (const [index, { keep, afterMs, take }] of steps.entries()) {
          now += afterMs;
          const tickets = [...first.tickets].filter((_, at) => keep[at]);
          const rules = index === 3 ? viewOf(SEATS, options, []).rules : first.rules;
          const view: MatchQueueView = { ...first, rules, now, tickets };
          let count = 0;
          for (const _ of strategy.match(view)) if (++count === take) break;
          expect([...strategy.match({ ...view })]).toEqual([...new DefaultMatchStrategy().match(view)]);
          for (const ticket of tickets.slice(0, 3))
            expect(strategy.explain(ticket, view)).toEqual(new DefaultMatchStrategy().explain(ticket, view));
        }
      }),
      { numRuns: 150 },
    );
  });
});

/**
 * Returns whether the strategy must match ticket `a` before ticket `b`. The ticket with the longer waiting time comes first. Each failed
 * match adds 10 seconds to the waiting time.
 */
function isServedBefore(a: Ticket, b: Ticket): boolean {
  const order = ({ since, priority = 0 }: Ticket): number => since - priority * 10_000;
  return order(a) < order(b) || (order(a) === order(b) && a.id < b.id);
}

/** Returns the rule that a match breaks. Null: it breaks no rule. */
function flawOf({ tickets, region, room: id, bots = 0 }: ProposedMatch, view: MatchQueueView): string | null {
  const room = view.rooms.find((one) => one.room === id);
  const [first] = tickets;
  const rules = rulesOfMode(view.rules, first.mode);
  if (!rules) return 'unknown mode';
  const key = ({ mode, options }: Pick<Ticket, 'mode' | 'options'>): string => `${mode} ${JSON.stringify(options ?? {})}`;
  if (tickets.some((ticket) => key(ticket) !== key(room ?? first))) return 'another mode or other options';
  if (!attributesAgree([room?.attributes, ...tickets.map(({ attributes }) => attributes)])) return 'attributes';
  const players = tickets.flatMap((ticket) => ticket.players).length;
  if (room) {
    if (players > room.free) return 'too many players for the room';
    if (!room.running && players + room.players.length < rules.seats.min) return 'the game of the room cannot start';
    if (!(room.running ? rules.backfill.running : rules.backfill.waiting)) return 'no backfill';
  } else {
    if (players + bots < rules.seats.min || players + bots > rules.seats.max) return 'number of players';
    if (bots > 0 && view.now - first.since < rules.botsAfterMs!) return 'bots too early';
    const isShort = players < rules.seats.max && view.now - first.since < rules.fillMs;
    if (isShort && bots === 0) return 'not full, too early';
  }
  const since = room ? room.since : first.since;
  const { mu, sigma } = ratingOf((room ?? first).players);
  const anchor = {
    mu,
    isOverdue: isOverdue(rules, view.now - since) || room?.players.length === 0,
    limit: ratingLimit(rules, sigma, view.now - since),
  };
  for (const ticket of tickets) if (!acceptsRating(ticket, anchor, rules, view.now)) return 'rating';
  const bound = tickets.filter(({ regions }) => regions);
  if (bound.length > 0 && region === undefined) return 'no region';
  for (const ticket of bound) if (!acceptsRegion(ticket, region!, anchor.isOverdue, rules, view.now)) return 'latency';
  return null;
}

function acceptsRating(ticket: Ticket, anchor: { mu: number; isOverdue: boolean; limit: number }, rules: MatchRules, now: number): boolean {
  if (anchor.isOverdue) return true;
  const { mu, sigma } = ratingOf(ticket.players);
  return Math.abs(mu - anchor.mu) <= Math.min(anchor.limit, ratingLimit(rules, sigma, now - ticket.since));
}

function acceptsRegion({ regions, since }: Ticket, region: string, isAnchorOverdue: boolean, rules: MatchRules, now: number): boolean {
  return !regions || (regions[region] ?? 1e9) <= (isAnchorOverdue ? rules.latency.to : latencyLimit(rules, now - since));
}

/** Tries all sets of other tickets to find a match for this ticket. */
function possibleMatch(ticket: Ticket, others: readonly Ticket[], { rules: gameRules, now }: MatchQueueView): string[] | null {
  const rules = rulesOfMode(gameRules, ticket.mode)!;
  const waitedMs = now - ticket.since;
  const { mu, sigma } = ratingOf(ticket.players);
  const anchor = { mu, isOverdue: isOverdue(rules, waitedMs), limit: ratingLimit(rules, sigma, waitedMs) };
  const key = ({ mode, options }: Ticket): string => `${mode} ${JSON.stringify(options ?? {})}`;
  const able = others.filter((other) => key(other) === key(ticket) && acceptsRating(other, anchor, rules, now));
  for (let set = 0; set < 1 << able.length; set++) {
    const tickets = [ticket, ...able.filter((_, index) => set & (1 << index))];
    if (
      !fills(
        tickets.map(({ players }) => players.length),
        rules,
        waitedMs,
      )
    )
      continue;
    if (!attributesAgree(tickets.map(({ attributes }) => attributes))) continue;
    const regions = tickets.some((one) => one.regions) ? ['eu', 'us', 'ap'] : [''];
    if (regions.some((region) => tickets.every((one) => acceptsRegion(one, region, anchor.isOverdue, rules, now))))
      return tickets.map(({ id }) => id);
  }
  return null;
}

/** Returns whether parties of these sizes may be matched after this waiting time. */
function fills(sizes: readonly number[], rules: MatchRules, waitedMs: number): boolean {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const range = rules.teams?.size ?? rules.seats;
  const count = rules.teams?.count ?? 1;
  const size = total / count;
  const isFull = waitedMs < rules.fillMs && !(rules.botsAfterMs !== undefined && waitedMs >= rules.botsAfterMs);
  if (!Number.isInteger(size) || size < (isFull ? range.max : range.min) || size > range.max) return false;
  return canDistribute(sizes, new Array<number>(count).fill(size));
}

function canDistribute([first, ...rest]: readonly number[], free: readonly number[]): boolean {
  if (first === undefined) return true;
  return free.some((places, team) => places >= first && canDistribute(rest, free.with(team, places - first)));
}
