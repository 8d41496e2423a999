import { RedisConnections } from '#libs/redis';
import { HOLDFAST_VERSION } from '#libs/telemetry';
import { DATA_FORMAT, dataFormatKey, refuseNewerData } from './data-format.js';

describe('the format of the data in Redis', () => {
  let redis: RedisConnections;
  beforeAll(async () => {
    redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
    await redis.ready();
  });
  afterEach(() => redis.commands.del(dataFormatKey()));
  afterAll(() => redis.onApplicationShutdown?.());

  it('is accepted when no server has stored it, or when this version can read it', async () => {
    await refuseNewerData(redis.commands);
    await redis.commands.set(dataFormatKey(), `${DATA_FORMAT} 0.1.0`);
    await refuseNewerData(redis.commands);
  });

  it('is refused when it is too new, with an error that names both versions and says what to do', async () => {
    await redis.commands.set(dataFormatKey(), `${DATA_FORMAT + 1} 7.1.0`);
    await expect(refuseNewerData(redis.commands)).rejects.toThrow(
      `The data of this fleet in Redis has format ${DATA_FORMAT + 1}, written by Holdfast 7.1.0. This is Holdfast ${HOLDFAST_VERSION}, which reads formats up to ${DATA_FORMAT}. It has changed nothing. Start Holdfast 7.1.0 again, restore a backup`,
    );
  });

  it('is refused when it is not a number', async () => {
    await redis.commands.set(dataFormatKey(), 'two');
    await expect(refuseNewerData(redis.commands)).rejects.toThrow('has format two, written by a newer version.');
  });
});
