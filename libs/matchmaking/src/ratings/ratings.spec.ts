import { randomUUID } from 'node:crypto';
import { Test, type TestingModule } from '@nestjs/testing';
import { Extension } from '#libs/extension';
import type { Effect } from '#libs/game-kit';
import type { UserId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import type { RatedGame } from '#libs/room';
import { TelemetryModule } from '#libs/telemetry';
import type { Rating } from '../strategy/ticket.js';
import { RATING_DEFAULT } from '../strategy/windows.js';
import { ratingsAfter } from './rated-teams.js';
import { RatingStore } from './rating-store.js';
import { RatingUpdates } from './rating-updates.js';
import { RatingsModule } from './ratings.module.js';

const GUEST_TTL_MS = 60_000;
const TTL_MS = 600_000;
const [ada, bob, cy, dee] = ['ada', 'bob', 'cy', 'dee'] as UserId[];
const teamsOf = (...places: (readonly UserId[])[][]): Pick<RatedGame, 'teams'> => ({
  teams: places.flatMap((teams, place) => teams.map((users) => ({ users, place }))),
});

describe('ratingsAfter', () => {
  it('raises the rating of the winner, and lowers the rating of the loser', () => {
    const [winner, loser] = ratingsAfter(teamsOf([[ada]], [[bob]]), [null, null]);
    expect(winner.mu).toBeGreaterThan(RATING_DEFAULT.mu);
    expect(loser.mu).toBeLessThan(RATING_DEFAULT.mu);
    for (const { sigma } of [winner, loser]) expect(sigma).toBeLessThan(RATING_DEFAULT.sigma);
  });

  it('hardly changes the ratings of two equal players after a draw', () => {
    const [one, other] = ratingsAfter(teamsOf([[ada], [bob]]), [null, null]);
    expect(one.mu).toBeCloseTo(other.mu);
    expect(one.mu).toBeCloseTo(RATING_DEFAULT.mu);
  });

  it('orders the ratings of more than two players by their places', () => {
    const [first, second, third] = ratingsAfter(teamsOf([[ada]], [[bob]], [[cy]]), [null, null, null]);
    expect(first.mu).toBeGreaterThan(second.mu);
    expect(second.mu).toBeGreaterThan(third.mu);
  });

  it('raises or lowers the ratings of all players of one team together', () => {
    const after = ratingsAfter(teamsOf([[ada, bob]], [[cy, dee]]), [null, null, null, null]);
    expect(after.map(({ mu }) => Math.sign(mu - RATING_DEFAULT.mu))).toEqual([1, 1, -1, -1]);
  });

  it('raises a rating only a little after a win against a much weaker player', () => {
    const strong: Rating = { mu: 2_000, sigma: 100 };
    const [expected] = ratingsAfter(teamsOf([[ada]], [[bob]]), [strong, { mu: 1_000, sigma: 100 }]);
    const [surprise] = ratingsAfter(teamsOf([[ada]], [[bob]]), [strong, { mu: 2_400, sigma: 100 }]);
    expect(expected.mu - strong.mu).toBeLessThan((surprise.mu - strong.mu) / 4);
  });
});

describe('ratings in Redis', () => {
  const game = `game-${randomUUID()}`;
  let module: TestingModule;
  let store: RatingStore;

  beforeAll(async () => {
    module = await testingModule();
    await module.get(RedisConnections).ready();
    store = module.get(RatingStore);
  });
  afterAll(() => module.close());

  it('do not exist for a user who has not finished a game', async () => {
    expect(await store.ratings(game, [ada])).toEqual([null]);
    expect(await store.ratings(game, [])).toEqual([]);
  });

  it('change only once when the rating effect of a game runs twice', async () => {
    const rated: RatedGame = { game, id: 'room:0', ...teamsOf([[ada]], [[bob]]) };
    const effect = { key: 'k', roomId: 'room', data: rated } as Effect<RatedGame>;
    const updates = module.get(RatingUpdates);
    await Promise.all([updates.update(effect), updates.update(effect)]);
    await updates.update(effect);
    const [winner, loser] = await store.ratings(game, [ada, bob]);
    const [once] = ratingsAfter(rated, [null, null]);
    expect(winner?.mu).toBeCloseTo(once.mu, 1);
    expect(loser!.mu).toBeLessThan(winner!.mu);
    expect(await store.ratings(`${game}-other`, [ada])).toEqual([null]);
  });

  it('change for each game when several games of a player end at the same time', async () => {
    const add = (before: readonly (Rating | null)[]): Rating[] => before.map((rating) => ({ mu: (rating?.mu ?? 0) + 1, sigma: 1 }));
    const ids = Array.from({ length: 5 }, (_, index) => `parallel:${index}`);
    expect(await Promise.all(ids.map((id) => store.update(game, id, [cy], add)))).toEqual(ids.map(() => true));
    expect(await store.ratings(game, [cy])).toEqual([{ mu: 5, sigma: 1 }]);
  });

  describe('with a time to live', () => {
    const [guest, other] = ['guest:gil', 'olga'] as UserId[];
    const rate = (id: string, users: readonly UserId[], mu: number): Promise<boolean> =>
      store.update(game, id, users, () => users.map(() => ({ mu, sigma: 1 })));

    /**
     * Simulates that time passes. Redis compares expiry times with its own clock, so this function makes the stored expiry times earlier.
     */
    async function pass(ms: number): Promise<void> {
      const { commands } = module.get(RedisConnections);
      const key = `hf:ratings:{${game}}:expiries`;
      for (const user of await commands.zrange(key, '0', '-1')) await commands.zincrby(key, -ms, user);
    }

    it('expire earlier for guests than for other users', async () => {
      await rate('guests:1', [guest, other], 100);
      await pass(GUEST_TTL_MS - 5_000);
      expect(await store.ratings(game, [guest, other])).toMatchObject([{ mu: 100 }, { mu: 100 }]);
      await rate('guests:2', [guest], 200);
      await pass(GUEST_TTL_MS - 5_000);
      expect(await store.ratings(game, [guest])).toMatchObject([{ mu: 200 }]);
      await pass(10_000);
      expect(await store.ratings(game, [guest, other])).toMatchObject([null, { mu: 100 }]);
      // A guest whose rating has expired begins as a new player.
      const before: (Rating | null)[] = [];
      await store.update(game, 'guests:3', [guest], (known) => {
        before.push(...known);
        return [{ mu: 300, sigma: 1 }];
      });
      expect(before).toEqual([null]);
      expect(await store.ratings(game, [guest])).toMatchObject([{ mu: 300 }]);
    });

    it('are deleted when they have expired and other players finish games', async () => {
      const guests = Array.from({ length: 150 }, (_, index) => `guest:${index}` as UserId);
      await rate('crowd', guests, 100);
      await pass(GUEST_TTL_MS + 1);
      for (const id of ['after:1', 'after:2', 'after:3']) await rate(id, [other], 100);
      const { commands } = module.get(RedisConnections);
      const stored = await commands.hkeys(`hf:ratings:{${game}}`);
      expect(stored.filter((user) => user.startsWith('guest:'))).toEqual([]);
      expect(stored).toContain(other);
    });

    it('are read even when an earlier release stored the ratings without an expiry time', async () => {
      const { commands } = module.get(RedisConnections);
      await commands.hset(`hf:ratings:{${game}}`, 'guest:old', '1700 80');
      expect(await store.ratings(game, ['guest:old' as UserId])).toEqual([{ mu: 1_700, sigma: 80 }]);
    });
  });

  it('are separate for each mode', async () => {
    const rated: RatedGame = { game, id: 'moded:0', mode: 'duel', ...teamsOf([[dee]], [['eve' as UserId]]) };
    const updates = module.get(RatingUpdates);
    await updates.update({ key: 'k', roomId: 'moded', data: rated } as Effect<RatedGame>);
    const [inMode] = await store.ratings(game, [dee], 'duel');
    expect(inMode!.mu).toBeGreaterThan(RATING_DEFAULT.mu);
    expect([await store.ratings(game, [dee]), await store.ratings(game, [dee], 'teams')]).toEqual([[null], [null]]);
    await store.update(game, 'moded:1', [dee], () => [{ mu: 900, sigma: 1 }]);
    expect(await store.ratings(game, [dee], 'duel')).toEqual([inMode]);
    expect(await module.get(RedisConnections).commands.hget(`hf:ratings:{${game}}`, dee)).toBe('900 1');
  });

  it('stay unchanged when an update computes a rating that is not a number', async () => {
    await expect(store.update(game, 'nan', [dee], () => [{ mu: Number.NaN, sigma: 1 }])).rejects.toThrow(
      'A rating is not a number: NaN ± 1.',
    );
    expect(await store.ratings(game, [dee])).toEqual([{ mu: 900, sigma: 1 }]);
  });

  it('are not used when the application has its own rating store', async () => {
    @Extension(RatingStore)
    class FixedRatings extends RatingStore {
      ratings = async (): Promise<Rating[]> => [{ mu: 7, sigma: 1 }];
      update = async (): Promise<boolean> => true;
    }
    const other = await testingModule(FixedRatings);
    expect(await other.get(RatingStore).ratings(game, [ada])).toEqual([{ mu: 7, sigma: 1 }]);
    await other.close();
  });
});

function testingModule(...providers: (new () => RatingStore)[]): Promise<TestingModule> {
  return Test.createTestingModule({
    imports: [
      RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }),
      TelemetryModule.forRoot({ server: 'hf:game:test', level: 'silent', format: 'json' }),
      RatingsModule.forUpdates({ guestTtlMs: GUEST_TTL_MS, ttlMs: TTL_MS }),
    ],
    providers,
  }).compile();
}
