import { randomUUID } from 'node:crypto';
import { Test } from '@nestjs/testing';
import { LoadBalancerService, PlacementModule, PlacementReporter } from '#libs/placement';
import { type RoomId, serverId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { TelemetryModule } from '#libs/telemetry';
import { LeastWork } from './least-work.js';

describe('the page docs/placement.md', () => {
  it('contains a strategy that chooses the server with the least work, including reservations', async () => {
    const module = await Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }),
        TelemetryModule.forRoot({ server: 'hf:lobby:test', level: 'silent', format: 'json' }),
        PlacementModule.forRoot(),
      ],
      providers: [LeastWork],
    }).compile();
    try {
      await module.get(RedisConnections).ready();
      const game = `game-${randomUUID()}`;
      const [fewLarge, manySmall] = [serverId('game', randomUUID()), serverId('game', randomUUID())];
      const report = (server: typeof fewLarge, rooms: number, players: number) =>
        module.get(PlacementReporter).report({ server, incarnation: 1, rooms, players, capacity: 100, games: { [game]: [1] } });
      // 2 × 1 + 10 = 12 and 2 × 5 + 5 = 15.
      await report(fewLarge, 1, 10);
      await report(manySmall, 5, 5);
      const place = (players: number) => module.get(LoadBalancerService).place({ room: randomUUID() as RoomId, game, players });
      expect((await place(4)).server).toBe(fewLarge);
      expect((await place(2)).server).toBe(manySmall);
    } finally {
      await module.close();
    }
  });
});
