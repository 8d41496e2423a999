import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { RedisConnections } from '#libs/redis';
import { EventJournal, isOfServers } from './event-journal.js';
import type { PublishedOperatorEvent } from './event-sink.js';

describe('EventJournal', () => {
  let redis: RedisConnections;
  beforeAll(async () => {
    redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
    await redis.ready();
  });
  afterAll(() => redis.onApplicationShutdown?.());

  const event = (kind: PublishedOperatorEvent['kind'], more: Partial<PublishedOperatorEvent> = {}) =>
    ({ id: randomUUID(), at: 1, by: 'hf:gateway:1', kind, reason: 'test', ...more }) as PublishedOperatorEvent;

  it('returns the latest events, oldest first', async () => {
    const journal = new EventJournal(redis);
    const appended = [event('server.suspect'), event('server.evicted'), event('recovery.done')];
    await journal.append(appended.slice(0, 2));
    await journal.append(appended.slice(2));
    const ids = (await journal.read(1_000)).map(({ id }) => id);
    expect(ids.filter((id) => appended.some((each) => each.id === id))).toEqual(appended.map(({ id }) => id));
    expect((await journal.read(1)).length).toBe(1);
  });

  it('limits the number and the age of its events', async () => {
    const journal = new EventJournal(redis);
    for (let batch = 0; batch < 12; batch++) await journal.append(Array.from({ length: 1_000 }, () => event('server.state')));
    expect(await redis.commands.xlen('hf:event-journal')).toBeLessThan(10_200);
    const ttlMs = await redis.commands.pttl('hf:event-journal');
    expect(ttlMs).toBeGreaterThan(86_300_000);
    expect(ttlMs).toBeLessThanOrEqual(86_400_000);
  });

  it('returns the events of the last day, and reads only new events in later calls', async () => {
    const journal = new EventJournal(redis);
    await redis.commands.del('hf:event-journal');
    const first = Array.from({ length: 2_500 }, () => event('server.state'));
    await journal.append(first);
    expect((await journal.readDay()).map(({ id }) => id)).toEqual(first.map(({ id }) => id));
    const second = [event('server.evicted')];
    await journal.append(second);
    const xrange = jest.spyOn(redis.commands, 'xrange');
    expect((await journal.readDay()).at(-1)!.id).toBe(second[0]!.id);
    expect(xrange.mock.calls.map(([, from]) => from)).toEqual([expect.stringMatching(/^\(\d+-\d+$/)]);
    xrange.mockRestore();
  });

  it('returns the events of a journal that began again after a loss of data', async () => {
    const journal = new EventJournal(redis);
    await journal.append([event('server.state')]);
    await journal.readDay();
    await redis.commands.del('hf:event-journal');
    const old = Date.now() - 3_600_000;
    const kept = event('server.evicted');
    await redis.commands.xadd('hf:event-journal', `${old}-1`, 'event', JSON.stringify(kept));
    expect((await journal.readDay()).map(({ id }) => id)).toEqual([kept.id]);
    await redis.commands.del('hf:event-journal');
    expect(await journal.readDay()).toEqual([]);
  });

  it('skips entries that are not events', async () => {
    const journal = new EventJournal(redis);
    await redis.commands.xadd('hf:event-journal', '*', 'event', 'not JSON');
    await redis.commands.xadd('hf:event-journal', '*', 'other', '{}');
    const last = event('server.left');
    await journal.append([last]);
    expect((await journal.read(3)).map(({ id }) => id)).toEqual([last.id]);
  });

  it('stores no events of rooms', () => {
    expect(isOfServers(event('room.recovered'))).toBe(false);
    expect(isOfServers(event('recovery.done'))).toBe(true);
  });
});
