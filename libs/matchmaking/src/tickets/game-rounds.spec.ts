import { jest } from '@jest/globals';
import { until } from '../../../../tools/process/until.mjs';
import { GameRounds, type GameRoundsPorts } from './game-rounds.js';
import type { MatchHost } from './match-host.js';
import type { MatchRecord } from './match-record.js';
import { PARTIES_COMPARED } from './matchmaking.options.js';
import type { StoredTicket } from './stored-ticket.js';

const RULES = { seats: { min: 1, max: 1 }, expireMs: 1_000, backfill: { running: false, waiting: false } };

/** The rounds of a queue with these tickets and matches. All dependencies are fakes. */
function roundsOf(host: Partial<MatchHost>, { tickets = [] as StoredTicket[], matches = [] as MatchRecord[] } = {}) {
  const changes = tickets.map((ticket, index) => ({ id: ticket.id, change: index + 1, ticket, isPaused: false }));
  const report = jest.fn(async () => {});
  const store = {
    readChanges: async () => changes.splice(0),
    matches: async () => matches,
    read: async () => [],
    end: async () => [],
    forgetEnds: async () => {},
    report,
    keepRounds: async () => true,
  };
  const ports = {
    store,
    strategy: { match: () => [] },
    host: { rulesOf: () => RULES, ended: async () => {}, changedParties: async () => [], ...host },
    generation: { current: 'g', isSettled: true },
    log: { info: () => {}, warn: () => {}, debug: () => {} },
    lobby: 'l',
    graceMs: 1_000,
  } as unknown as GameRoundsPorts;
  return { rounds: new GameRounds('go', ports, { isHeld: true, fence: '1', time: 10_000 }), report };
}

let passedMs = 0;
const monotonic = performance.now.bind(performance);
afterEach(() => jest.restoreAllMocks());

/** Runs rounds until the condition holds. The clock of this process goes forward by 1 s in each round. */
async function run(rounds: GameRounds, isDone: () => boolean): Promise<void> {
  jest.spyOn(performance, 'now').mockImplementation(() => monotonic() + passedMs);
  const running = rounds.run();
  try {
    await until(() => {
      passedMs += 1_000;
      rounds.wake();
      return isDone();
    });
  } finally {
    rounds.stop();
    await running;
  }
}

describe('the repair of matches and parties', () => {
  it('continues with other matches and parties when one match always fails', async () => {
    const matchOf = (id: string, stage: MatchRecord['stage']): MatchRecord => {
      return { id: id as MatchRecord['id'], game: 'go', stage, at: 0, tickets: [], players: 2 };
    };
    const matches = [matchOf('broken', 'offered'), matchOf('overdue', 'offered'), matchOf('abandoned', 'making')];
    const party = { id: 't', game: 'go', since: 1e12, players: [{ user: 'u', name: 'p' }], party: 'room' } as unknown as StoredTicket;
    const lapse = jest.fn(async ({ id }: MatchRecord) => {
      if (id === 'broken') throw new Error('The record of this match is broken.');
    });
    const make = jest.fn(async (_match: MatchRecord) => null);
    const changedParties = jest.fn(async () => []);
    const { rounds, report } = roundsOf({ lapse, make, changedParties }, { tickets: [party], matches });
    const reached = () => [lapse, make].flatMap((method) => method.mock.calls.map(([{ id }]) => id as string));
    await run(rounds, () => ['overdue', 'abandoned'].every((id) => reached().includes(id)) && changedParties.mock.calls.length > 0);
    expect(report).toHaveBeenCalled();
  });

  it('compares a limited number of parties with their rooms in each round, until all parties are compared', async () => {
    const tickets = Array.from({ length: 3 * PARTIES_COMPARED + 1 }, (_, index): StoredTicket => {
      const players = [{ user: `u-${index}`, name: 'p' }] as unknown as StoredTicket['players'];
      return { id: `t-${index}`, game: 'go', since: 1e12, players, party: `room-${index}` as StoredTicket['party'] & string };
    });
    const seen = new Set<string>();
    const sizes: number[] = [];
    const changedParties = async (parties: readonly StoredTicket[]) => {
      sizes.push(parties.length);
      for (const { id } of parties) seen.add(id);
      return [];
    };
    await run(roundsOf({ changedParties }, { tickets }).rounds, () => seen.size === tickets.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(PARTIES_COMPARED);
  });
});

describe('a lobby that no longer runs the matchmaking rounds', () => {
  it('ends no ticket after the store has refused the commit of a round', async () => {
    const ticket = (id: string, since: number) => ({ id, game: 'go', since, players: [{ user: `user-${id}`, name: id }] });
    const changes = [ticket('new', 10_000), ticket('old', 0)].map((one, index) => ({
      id: one.id,
      change: index + 1,
      ticket: one,
      isPaused: false,
    }));
    const commit = jest.fn(async () => null);
    const end = jest.fn(async () => []);
    const store = {
      readChanges: async () => changes.splice(0),
      commit,
      end,
      matches: async () => [],
      forgetEnds: async () => {},
      report: async () => {},
      keepRounds: async () => false,
    };
    const host = { rulesOf: () => RULES, newRoomId: () => 'room', ended: async () => {} };
    const strategy = { match: () => [{ tickets: [ticket('new', 10_000)] }] };
    const log = { info: () => {}, warn: () => {}, debug: () => {} };
    const generation = { current: 'g', isSettled: true };
    const ports = { store, strategy, host, generation, log, lobby: 'l', graceMs: 1_000 } as unknown as GameRoundsPorts;
    const rounds = new GameRounds('go', ports, { isHeld: true, fence: '1', time: 10_000 });
    await rounds.run();
    expect(commit).toHaveBeenCalledTimes(1);
    expect(end).not.toHaveBeenCalled();
  });
});
