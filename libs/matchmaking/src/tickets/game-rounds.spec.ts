import { jest } from '@jest/globals';
import { GameRounds, type GameRoundsPorts } from './game-rounds.js';

const RULES = { seats: { min: 1, max: 1 }, expireMs: 1_000, backfill: { running: false, waiting: false } };

describe('a lobby that is no longer the runner', () => {
  it('ends no ticket after the refusal of its commit', async () => {
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
