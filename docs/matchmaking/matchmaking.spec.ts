import { GameTest } from '@holdfast/game-kit';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { MatchmakingModule, MatchStrategy } from '#libs/matchmaking';
import { matchRules, type UserId } from '#libs/protocol';
import { RedisModule } from '#libs/redis';
import { TelemetryModule } from '#libs/telemetry';
import { ArrivalOrder } from './arrival-order.js';
import { CaptureGame } from './duel-game.js';

describe('the page docs/matchmaking.md', () => {
  it('contains a game that updates ratings at its end', async () => {
    const game = await GameTest.create(CaptureGame, { players: ['Ada', 'Bob'] });
    expect(game.command(1, 'capture')).toBeNull();
    expect(game.effects).toMatchObject([{ name: '$rating', data: { teams: [{ place: 0 }, { place: 1 }] } }]);
  });

  it('contains a strategy that a lobby uses when a module lists the strategy', async () => {
    @Module({ providers: [ArrivalOrder] })
    class OwnModule {}
    const module = await Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }),
        TelemetryModule.forRoot({ server: 'hf:lobby:test', level: 'silent', format: 'json' }),
        MatchmakingModule.forRoot(),
        OwnModule,
      ],
    }).compile();
    const tickets = [900, 2_100, 1_500].map((mu, index) => ({
      id: String(index),
      players: [{ user: String(index) as UserId, name: '', rating: { mu, sigma: 1 } }],
      game: 'capture',
      since: index,
    }));
    const rules = matchRules({ min: 2, max: 2 }, { rating: true });
    const matches = [...module.get(MatchStrategy).match({ game: 'capture', rules, now: 10, tickets, rooms: [] })];
    expect(matches.map((match) => match.tickets.map(({ id }) => id))).toEqual([['0', '1']]);
    await module.close();
  });
});
