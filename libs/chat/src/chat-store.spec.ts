import { randomUUID } from 'node:crypto';
import type { RoomId, UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { roomKey, StoreGeneration } from '#libs/room-store';
import { CHANNEL_BURST, CHAT_DEFAULTS, type ChatOptions, IDS_KEPT } from './chat.options.js';
import { type ChatTarget, messagesKey } from './chat-keys.js';
import { ChatStore } from './chat-store.js';

const redis = new RedisConnections({ url: process.env.HOLDFAST_TEST_REDIS_URL as string });
const generation = { current: 'run-1' };
const storeWith = (options: Partial<ChatOptions> = {}) =>
  new ChatStore(redis, generation as unknown as StoreGeneration, { ...CHAT_DEFAULTS, ...options });
const store = storeWith();
const ADA = 'u-ada' as UserId;
const BOB = 'u-bob' as UserId;

beforeAll(() => redis.ready());
afterAll(() => redis.onApplicationShutdown());
beforeEach(() => {
  generation.current = 'run-1';
});

const newLobby = (): ChatTarget => ({ lobby: `game-${randomUUID()}` });
const newRoom = async (): Promise<{ room: RoomId }> => {
  const room = `test-${randomUUID()}` as RoomId;
  await redis.commands.hset(roomKey(room), 'rev', '1');
  return { room };
};
const message = (id: string, text = `text ${id}`, user = ADA) => ({ user, name: 'Ada', text, id });
const textsOf = (entries: readonly { text: string }[]) => entries.map(({ text }) => text);

describe('the messages of a channel', () => {
  it('are stored once when the sender repeats a message at several lobbies', async () => {
    const target = newLobby();
    const [first, ...repeats] = await Promise.all(Array.from({ length: 5 }, () => store.append(target, message('1', 'hi'))));
    expect(repeats).toEqual([first, first, first, first]);
    expect(await store.admit(target, { user: ADA, id: '1' })).toEqual({ kind: 'stored', entry: first });
    expect((await store.history(target, 10)).entries).toEqual([first]);
  });

  it('are numbered without gaps when many lobbies write at the same time', async () => {
    const target = newLobby();
    const sent = await Promise.all(
      Array.from({ length: 40 }, (_, index) => storeWith().append(target, message(String(index), 'x', `u-${index % 4}` as UserId))),
    );
    const { entries, last } = await store.history(target, 50);
    expect(entries.map(({ seq }) => seq - entries[0].seq)).toEqual(Array.from({ length: 40 }, (_, index) => index));
    expect(new Set(sent.map((entry) => entry?.seq)).size).toBe(40);
    expect(last).toBe(entries.at(-1)?.seq);
  });

  it('are stored separately when two users choose the same message id', async () => {
    const target = newLobby();
    await store.append(target, message('1', 'from Ada'));
    await store.append(target, message('1', 'from Bob', BOB));
    expect(textsOf((await store.history(target, 10)).entries)).toEqual(['from Ada', 'from Bob']);
  });

  it('are limited in number, and a reader learns when the store has deleted unread messages', async () => {
    const few = storeWith({ kept: 3 });
    const target = newLobby();
    for (let id = 1; id <= 5; id++) await few.append(target, message(String(id)));
    const all = await few.history(target, 10);
    expect([textsOf(all.entries), all.missed]).toEqual([['text 3', 'text 4', 'text 5'], false]);
    const first = all.entries[0].seq - 2;
    expect(await few.history(target, 10, first)).toMatchObject({ missed: true, last: all.last });
    expect(await few.history(target, 1, all.entries[0].seq)).toMatchObject({ entries: [{ text: 'text 4' }], missed: false });
    expect(await few.history(target, 10, all.last)).toEqual({ entries: [], last: all.last, missed: false });
  });

  it('continue with higher numbers after the store has lost messages in a restart', async () => {
    const target = newLobby();
    const before = await store.append(target, message('1'));
    await store.append(target, message('2'));
    await redis.commands.ltrim(messagesKey(target), 0, 0);
    generation.current = 'run-2';
    const after = await store.append(target, message('3'));
    expect(after!.seq).toBeGreaterThan(before!.seq + 1);
    expect(await store.history(target, 10, before!.seq)).toMatchObject({ missed: true, entries: [{ text: 'text 3' }] });
    const next = await store.append(target, message('4'));
    expect(next!.seq).toBe(after!.seq + 1);
  });

  it('are recognized as repeats only while the originals are among the latest messages of their sender', async () => {
    const target = newLobby();
    for (let id = 0; id <= IDS_KEPT; id++) await store.append(target, message(String(id)));
    expect(await store.admit(target, { user: ADA, id: '1' })).toMatchObject({ kind: 'stored' });
    expect(await store.admit(target, { user: ADA, id: '0' })).toEqual({ kind: 'ok' });
  });

  it('expire after a period without new messages', async () => {
    const target = newLobby();
    await store.append(target, message('1'));
    const ttlMs = await redis.commands.pttl(messagesKey(target));
    expect(ttlMs).toBeGreaterThan(CHAT_DEFAULTS.ttlMs - 60_000);
  });

  it('are deleted together with their room', async () => {
    const target = await newRoom();
    expect(await store.append(target, message('1'))).toMatchObject({ text: 'text 1' });
    await redis.commands.del(roomKey(target.room));
    expect(await store.admit(target, { user: ADA, id: '2' })).toEqual({ kind: 'gone' });
    expect(await store.append(target, message('2'))).toBeNull();
    await store.forget(target);
    expect(await store.history(target, 10)).toEqual({ entries: [], last: 0, missed: false });
  });
});

describe('the rate limit of a channel', () => {
  it('restricts each user, and returns the delay until the next message is allowed', async () => {
    const target = newLobby();
    const slow = storeWith({ burst: 2, perMinute: 6 });
    const admit = async (user: UserId, id: string) => slow.admit(target, { user, id });
    expect([await admit(ADA, '1'), await admit(ADA, '2'), await admit(BOB, '1')]).toEqual([{ kind: 'ok' }, { kind: 'ok' }, { kind: 'ok' }]);
    const refused = await admit(ADA, '3');
    expect(refused.kind).toBe('wait');
    expect((refused as { ms: number }).ms).toBeGreaterThan(8_000);
    expect((refused as { ms: number }).ms).toBeLessThanOrEqual(10_000);
  });

  it('does not refuse a repeated message', async () => {
    const target = newLobby();
    const slow = storeWith({ burst: 1, perMinute: 1 });
    expect(await slow.admit(target, { user: ADA, id: '1' })).toEqual({ kind: 'ok' });
    await slow.append(target, message('1'));
    expect(await slow.admit(target, { user: ADA, id: '1' })).toMatchObject({ kind: 'stored' });
  });

  it('restricts all users of the channel together', async () => {
    const target = newLobby();
    const kinds = await Promise.all(
      Array.from(
        { length: CHANNEL_BURST + 5 },
        async (_, index) => (await store.admit(target, { user: `u-${index}` as UserId, id: '1' })).kind,
      ),
    );
    expect(kinds.filter((kind) => kind === 'ok')).toHaveLength(CHANNEL_BURST);
  });
});

describe('a muted user', () => {
  it('may not write in the channel until the mute is lifted', async () => {
    const [target, other] = [await newRoom(), await newRoom()];
    expect(await store.mute(target, ADA, true)).toBe(true);
    expect(await store.admit(target, { user: ADA, id: '1' })).toEqual({ kind: 'muted' });
    expect(await store.admit(target, { user: BOB, id: '1' })).toEqual({ kind: 'ok' });
    expect(await store.admit(other, { user: ADA, id: '1' })).toEqual({ kind: 'ok' });
    await store.mute(target, ADA, false);
    expect(await store.admit(target, { user: ADA, id: '1' })).toEqual({ kind: 'ok' });
  });
});
