import { type RedisClient, redisName } from '#libs/redis';
import { HOLDFAST_VERSION } from '#libs/telemetry';

/**
 * The newest format of a fleet's data that this version reads. A release raises the number only for data that the previous release cannot
 * read. Additions that older versions ignore need no new number.
 */
export const DATA_FORMAT = 1;

/**
 * The key with the format of the data, as `FORMAT VERSION`. `VERSION` is the version of Holdfast that raised the format. Absent: format 1.
 */
export function dataFormatKey(): string {
  return redisName('data-format');
}

/**
 * Rejects when a newer version has written data that this version cannot read. A server calls this function before it writes anything, so
 * that a downgrade fails with an error message and loses no rooms.
 */
export async function refuseNewerData(client: RedisClient): Promise<void> {
  const [format = '', version] = ((await client.get(dataFormatKey())) ?? '1').split(' ');
  if (Number(format) <= DATA_FORMAT) return;
  const writer = version ? `Holdfast ${version}` : 'a newer version';
  throw new Error(
    `The data of this fleet in Redis has format ${format}, written by ${writer}. This is Holdfast ${HOLDFAST_VERSION}, which reads formats up to ${DATA_FORMAT}. It has changed nothing. Start ${writer} again, restore a backup from before the upgrade, or set another REDIS_URL or REDIS_PREFIX.`,
  );
}
