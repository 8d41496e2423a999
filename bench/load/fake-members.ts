import { Redis } from 'ioredis';
import { serverId } from '#libs/protocol';
import { redisName } from '#libs/redis';

/** Fake servers of the fleet. They only have a record, listen to their channel, and answer checks, over plain Redis. */
export class FakeMembers {
  answers = 0;

  static async register(redisUrl: string, count: number): Promise<FakeMembers> {
    const members = new FakeMembers();
    const [ears, mouth] = [new Redis(redisUrl), new Redis(redisUrl)];
    const ids = Array.from({ length: count }, (_, index) => serverId('lobby', `fake-${index}`));
    const now = Date.now();
    const pipeline = mouth.pipeline();
    for (const id of ids) {
      const name = id.slice(serverId('lobby', '').length);
      pipeline.hset(id, { type: 'lobby', name, incarnation: now, state: 'ready', registeredAt: now, startedAt: now, check: 'update' });
      pipeline.sadd(redisName('servers'), id);
    }
    ears.on('message', (id: string) => {
      members.answers += 1;
      // Writes all answers of one tick together, because the cost of the fleet is measured, not that of this fake.
      mouth.hset(id, 'check', 'update').catch(() => {});
    });
    await ears.subscribe(...ids);
    await pipeline.exec();
    for (const id of ids)
      mouth.publish(redisName('fleet'), JSON.stringify({ kind: 'registered', server: id, incarnation: now })).catch(() => {});
    return members;
  }
}
