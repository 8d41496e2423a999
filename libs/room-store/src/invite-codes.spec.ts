import type { RoomId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { InviteCodes, newInviteCode, readInviteCode } from './invite-codes.js';
import { inviteKey } from './room-keys.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const invites = new InviteCodes(redis);
const room = 'room-1' as RoomId;

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());

describe('an invite code', () => {
  it('has 8 characters that are easy to distinguish', () => {
    for (let count = 0; count < 100; count++) expect(newInviteCode()).toMatch(/^[0-9A-HJKMNP-TV-Z]{8}$/);
  });

  it.each([
    ['ABCD2345', 'ABCD2345'],
    [' abcd-2345 ', 'ABCD2345'],
    ['oBCDil45', '0BCD1145'],
    ['ABCD234', null],
    ['ABCD23456', null],
    ['ABCDU345', null],
    ['ABCD234é', null],
  ])('that a player types as %j is read as %j', (text, code) => {
    expect(readInviteCode(text)).toBe(code);
  });

  it('identifies its room until the code is released', async () => {
    const code = await invites.reserve(room);
    expect(await invites.find(code)).toBe(room);
    await invites.release([code]);
    expect(await invites.find(code)).toBeNull();
  });

  it('is stored again by its renewal when the store has lost the code', async () => {
    const code = await invites.reserve(room);
    await redis.commands.del(inviteKey(code));
    await invites.renew([{ room, code }]);
    expect(await invites.find(code)).toBe(room);
  });

  it('stays with its room when another room requests the code', async () => {
    const code = await invites.reserve(room);
    await invites.renew([{ room: 'room-2' as RoomId, code }]);
    expect(await invites.find(code)).toBe(room);
  });

  it('gets its full TTL again with each use', async () => {
    const code = await invites.reserve(room);
    await redis.commands.pexpire(inviteKey(code), 5_000);
    await invites.find(code);
    expect(await redis.commands.pttl(inviteKey(code))).toBeGreaterThan(6 * 86_400_000);
  });
});
