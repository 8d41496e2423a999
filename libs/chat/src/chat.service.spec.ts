import { randomUUID } from 'node:crypto';
import { Injectable, Module, type Type } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { Extension } from '#libs/extension';
import { Sanctions } from '#libs/moderation';
import type { Caller, RoomId, UserId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { RoomRecords, RoomStoreModule, UserRooms } from '#libs/room-store';
import { Log, TelemetryModule } from '#libs/telemetry';
import { until } from '../../../tools/process/until.mjs';
import { ChatModule } from './chat.module.js';
import { CHAT_DEFAULTS, type ChatOptions } from './chat.options.js';
import { ChatService } from './chat.service.js';
import { ChatModerator, type ChatVerdict, type ReviewedMessage } from './chat-moderator.js';

const modules: TestingModule[] = [];
afterEach(() => Promise.all(modules.splice(0).map((module) => module.close())));

async function start(moderators: Type[] = [], options: Partial<ChatOptions> = {}) {
  @Module({ providers: moderators })
  class Application {}
  const module = await Test.createTestingModule({
    imports: [
      RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }),
      TelemetryModule.forRoot({ server: 'hf:lobby:test', level: 'silent', format: 'json' }),
      ScheduleModule.forRoot(),
      RoomStoreModule.forRoot(),
      ChatModule.forLobby({ ...CHAT_DEFAULTS, ...options }),
      Application,
    ],
  }).compile();
  modules.push(module);
  await module.get(RedisConnections).ready();
  await module.init();
  return {
    chat: module.get(ChatService),
    log: module.get(Log),
    records: module.get(RoomRecords),
    userRooms: module.get(UserRooms),
    sanctions: module.get(Sanctions, { strict: false }),
  };
}

const newCaller = (name = 'Ada'): Caller =>
  ({ user: randomUUID() as UserId, name, session: 's', gateway: 'hf:gateway:1' }) as unknown as Caller;
const LOBBY = { to: 'lobby', game: `game-${randomUUID()}` } as const;

@Injectable()
@Extension(ChatModerator)
class Moderator extends ChatModerator {
  override async review({ text }: ReviewedMessage): Promise<ChatVerdict> {
    if (text === 'never') return new Promise<ChatVerdict>(() => {});
    if (text === 'throw') throw new Error('broken');
    if (text === 'break') return { text: 'a\nb' };
    if (text === 'undefined') return undefined as never;
    if (text === 'number') return { text: 7 } as never;
    if (text.includes('rude')) return { refuse: 'Be kind.' };
    return text.includes('1234') ? { text: text.replace('1234', '••••') } : 'pass';
  }
}

describe('a chat message', () => {
  it('is refused in every channel while an operator has muted its sender', async () => {
    const { chat, sanctions } = await start();
    const [muted, other] = [newCaller(), newCaller()];
    const before = await chat.send(muted, { ...LOBBY, text: 'hello', id: '1' });
    await sanctions.impose('mute', { user: muted.user, until: null, by: 'ada', note: null });
    await expect(chat.send(muted, { ...LOBBY, text: 'hello', id: '2' })).rejects.toMatchObject({ code: 'chat-muted' });
    expect(await chat.send(muted, { ...LOBBY, text: 'hello', id: '1' })).toEqual(before);
    await expect(chat.send(other, { ...LOBBY, text: 'hello', id: '3' })).resolves.toMatchObject({ text: 'hello' });
    await sanctions.lift('mute', muted.user);
    await expect(chat.send(muted, { ...LOBBY, text: 'hello', id: '2' })).resolves.toMatchObject({ text: 'hello' });
  });

  it('is sent unchanged when the application has no moderator', async () => {
    const { chat } = await start();
    const caller = newCaller();
    const sent = await chat.send(caller, { ...LOBBY, text: 'rude', id: '1' });
    expect(sent).toMatchObject({ user: caller.user, name: 'Ada', text: 'rude' });
    expect((await chat.history(newCaller(), LOBBY)).messages).toContainEqual(sent);
  });

  it('is sent unchanged, changed or refused, as the moderator of the application decides', async () => {
    const { chat } = await start([Moderator]);
    const caller = newCaller();
    const send = (text: string) => chat.send(caller, { ...LOBBY, text, id: text });
    expect(await send('hello')).toMatchObject({ text: 'hello' });
    expect(await send('call 1234')).toMatchObject({ text: 'call ••••' });
    await expect(send('rude')).rejects.toMatchObject({ code: 'chat-refused', message: 'Be kind.' });
    const own = (await chat.history(caller, LOBBY)).messages.filter(({ user }) => user === caller.user);
    expect(own.map(({ text }) => text)).toEqual(['hello', 'call ••••']);
  });

  it.each(['never', 'throw', 'break', 'undefined', 'number'])(
    'is refused, but may be sent again, when the moderator fails (kind of failure: %s)',
    async (text) => {
      const { chat } = await start([Moderator], { moderationMs: 50 });
      const caller = newCaller();
      const target = { to: 'lobby', game: `game-${randomUUID()}` } as const;
      await expect(chat.send(caller, { ...target, text, id: '1' })).rejects.toMatchObject({ code: 'unavailable', retry: true });
      expect(await chat.history(caller, target)).toEqual({ messages: [], last: 0 });
    },
  );

  it.each([
    ['throw', 'chat.moderation-failed'],
    ['undefined', 'chat.moderation-failed'],
    ['break', 'chat.moderated-text-refused'],
  ])('is refused when the moderator fails (kind of failure: %s), and the failure is logged as `%s`', async (text, event) => {
    const { chat, log } = await start([Moderator]);
    const errors = jest.spyOn(log, 'error').mockImplementation(() => {});
    await expect(chat.send(newCaller(), { ...LOBBY, text, id: '1' })).rejects.toMatchObject({ code: 'unavailable' });
    expect(errors.mock.calls.map(([name]) => name)).toEqual([event]);
  });

  it('is refused with the delay until the next attempt when the user has sent too many messages', async () => {
    const { chat } = await start([], { burst: 1, perMinute: 1 });
    const caller = newCaller();
    await chat.send(caller, { ...LOBBY, text: 'a', id: '1' });
    await expect(chat.send(caller, { ...LOBBY, text: 'b', id: '2' })).rejects.toMatchObject({
      code: 'rate-limited',
      retryAfterMs: expect.any(Number),
    });
  });
});

describe('the chat of a room', () => {
  const roomOf = async ({ records, userRooms }: Awaited<ReturnType<typeof start>>, host: Caller, more: object = {}) => {
    const room = `test-${randomUUID()}` as RoomId;
    const members = [{ user: host.user, name: host.name, readyRound: null, here: true }];
    const doc = { name: '', host: host.user, seats: 2, seatsMin: 2, private: true, members, players: [], createdAt: 1, ...more };
    const record = await records.create(room, 'chess', doc as never);
    await userRooms.move(host.user, { room, watching: false });
    return { room, record: record! };
  };

  it('is open to members, and to spectators only when the room allows spectators in the chat', async () => {
    const at = await start();
    const [ada, eve, spectator] = [newCaller(), newCaller(), newCaller()];
    const closed = await roomOf(at, ada);
    expect(await at.chat.send(ada, { to: 'room', text: 'hi', id: '1' })).toMatchObject({ text: 'hi' });
    await expect(at.chat.send(eve, { to: 'room', text: 'hi', id: '1' })).rejects.toMatchObject({ code: 'not-in-room' });
    await at.userRooms.move(spectator.user, { room: closed.room, watching: true });
    await expect(at.chat.history(spectator, { to: 'room' })).rejects.toMatchObject({ code: 'forbidden' });
    const open = await roomOf(at, newCaller(), { spectatorChat: true });
    await at.userRooms.move(spectator.user, { room: open.room, watching: true });
    expect(await at.chat.send(spectator, { to: 'room', text: 'hi', id: '1' })).toMatchObject({ text: 'hi' });
  });

  it('refuses a message for a room that the user has left', async () => {
    const at = await start();
    const ada = newCaller();
    await roomOf(at, ada);
    await expect(at.chat.send(ada, { to: 'room', room: 'other' as RoomId, text: 'hi', id: '1' })).rejects.toMatchObject({
      code: 'not-in-room',
    });
  });

  it('lets only the host mute a user', async () => {
    const at = await start();
    const [ada, bob] = [newCaller(), newCaller('Bob')];
    const { record } = await roomOf(at, ada);
    const bobMember = { user: bob.user, name: 'Bob', readyRound: null, here: true };
    await at.records.save(record, { doc: { ...record.doc, members: [...record.doc.members, bobMember] } });
    await at.userRooms.move(bob.user, { room: record.id, watching: false });
    await expect(at.chat.mute(bob, { user: ada.user, muted: true })).rejects.toMatchObject({ code: 'not-owner' });
    await at.chat.mute(ada, { user: bob.user, muted: true });
    await expect(at.chat.send(bob, { to: 'room', text: 'hi', id: '1' })).rejects.toMatchObject({ code: 'chat-muted' });
    await at.chat.mute(ada, { user: bob.user, muted: false });
    expect(await at.chat.send(bob, { to: 'room', text: 'hi', id: '1' })).toMatchObject({ text: 'hi' });
  });

  it('is deleted when the room is closed', async () => {
    const at = await start();
    const ada = newCaller();
    const { record } = await roomOf(at, ada);
    await at.chat.send(ada, { to: 'room', text: 'hi', id: '1' });
    const redis = modules[0].get(RedisConnections);
    expect(await redis.commands.exists(`hf:chat:{${record.id}}`)).toBe(1);
    expect(await at.records.close(record, 'empty')).toBe(true);
    await expect(at.chat.history(ada, { to: 'room' })).rejects.toMatchObject({ code: 'not-in-room' });
    await until(async () => (await redis.commands.exists(`hf:chat:{${record.id}}`)) === 0);
  });
});
