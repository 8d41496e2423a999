import type { Session } from '#libs/client';
import { type Chat, type ChatEntry, openChat } from '#libs/client/chat';
import { type Fleet, startFleet, until } from './harness/index.js';

describe('the chat in a fleet of two gateways and two lobbies', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 2,
      lobbies: 2,
      games: 1,
      env: { CHAT_BURST: '1000', CHAT_PER_MINUTE: '600', MESSAGES_BURST: '5000' },
    });
  }, 60_000);
  afterAll(() => fleet.stop());

  const seenBy = (chat: Chat): ChatEntry[] => {
    const seen: ChatEntry[] = [];
    chat.on('message', (message) => seen.push(message));
    return seen;
  };
  const textsOf = (entries: readonly ChatEntry[]): string[] => entries.map(({ text }) => text);

  const roomOfTwo = async (): Promise<[Session, Session]> => {
    const [ada, bob] = [
      await fleet.newPlayer('Ada', { gateway: fleet.gateways[0] }),
      await fleet.newPlayer('Bob', { gateway: fleet.gateways[1] }),
    ];
    const room = await ada.createRoom({ game: 'tic-tac-toe', private: true });
    await bob.joinRoom(room.id);
    return [ada, bob];
  };

  it('shows all members of a room the messages in one order, also a member who joins late', async () => {
    const [ada, bob] = await roomOfTwo();
    const mine = openChat(ada, { to: 'room' });
    await mine.send('first');
    await until(() => mine.messages.length === 1);
    const theirs = openChat(bob, { to: 'room' });
    const [seenByAda, seenByBob] = [seenBy(mine), seenBy(theirs)];
    await Promise.all([mine.send('a'), theirs.send('b'), mine.send('c'), theirs.send('d')]);
    await until(() => seenByBob.length === 5 && mine.messages.length === 5);
    expect(mine.messages).toEqual(theirs.messages);
    expect(textsOf(seenByBob)[0]).toBe('first');
    expect(textsOf(seenByAda).sort()).toEqual(['a', 'b', 'c', 'd']);
    expect(theirs.messages[0]).toMatchObject({ user: ada.user, name: 'Ada', text: 'first' });
  });

  it('hides the chat of a room from its spectators and from other rooms', async () => {
    const [ada] = await roomOfTwo();
    const [other] = await roomOfTwo();
    const cy = await fleet.newPlayer('Cy', { gateway: fleet.gateways[0] });
    await cy.watchRoom(ada.room!.id);
    const received: unknown[] = [];
    for (const session of [cy, other]) session.on('chat', (message) => received.push(message));
    const chat = openChat(ada, { to: 'room' });
    const seen = seenBy(chat);
    await expect(openChat(cy, { to: 'room' }).send('hi')).rejects.toMatchObject({ code: 'forbidden' });
    await chat.send('for members');
    // If the gateway also sent the message to spectators or to another room, they would have received it by the time a member sees it.
    await until(() => seen.length === 1);
    expect(received).toEqual([]);
  });

  it('lets spectators use the chat of a room that was created with `spectatorChat`', async () => {
    const ada = await fleet.newPlayer('Ada', { gateway: fleet.gateways[0] });
    const { room } = await ada.request('rooms.create', { game: 'tic-tac-toe', spectatorChat: true });
    await until(() => ada.room?.id === room.id);
    const cy = await fleet.newPlayer('Cy', { gateway: fleet.gateways[1] });
    await cy.watchRoom(room.id);
    const [mine, theirs] = [openChat(ada, { to: 'room' }), openChat(cy, { to: 'room' })];
    await mine.send('hi');
    await theirs.send('hello');
    await until(() => [mine, theirs].every((chat) => chat.messages.length === 2));
    expect(textsOf(theirs.messages)).toEqual(['hi', 'hello']);
  });

  it('refuses the messages of a muted member until the host lifts the mute', async () => {
    const [ada, bob] = await roomOfTwo();
    const chat = openChat(bob, { to: 'room' });
    await expect(bob.request('chat.mute', { user: ada.user, muted: true })).rejects.toMatchObject({ code: 'not-owner' });
    await ada.request('chat.mute', { user: bob.user, muted: true });
    await expect(chat.send('x')).rejects.toMatchObject({ code: 'chat-muted' });
    await ada.request('chat.mute', { user: bob.user, muted: false });
    expect(await chat.send('y')).toMatchObject({ text: 'y' });
  });

  it('shows a player each message that is sent while the player opens the chat of a lobby', async () => {
    const [ada, bob] = await Promise.all(['Ada', 'Bob'].map((name) => fleet.newPlayer(name, { gateway: fleet.gateways[0] })));
    const mine = openChat(ada, { to: 'lobby', game: 'arena' });
    for (let round = 0; round < 40; round++) {
      const chat = openChat(bob, { to: 'lobby', game: 'arena' });
      await mine.send(`round ${round}`);
      await until(() => textsOf(chat.messages).includes(`round ${round}`));
      chat.close();
    }
    mine.close();
  });

  it('shows the chat of the lobby of one game only to sessions that have opened this chat', async () => {
    const [ada, bob, cy] = await Promise.all(['Ada', 'Bob', 'Cy'].map((name) => fleet.newPlayer(name)));
    const [one, two] = [openChat(ada, { to: 'lobby', game: 'chess' }), openChat(bob, { to: 'lobby', game: 'chess' })];
    const elsewhere = openChat(cy, { to: 'lobby', game: 'tic-tac-toe' });
    await until(() => [one, two, elsewhere].every((chat) => chat.messages.length >= 0 && !chat.isClosed));
    const [seen, unseen] = [seenBy(two), seenBy(elsewhere)];
    await one.send('a game, anybody?');
    await until(() => seen.length === 1);
    expect(unseen).toEqual([]);
    await expect(ada.request('chat.send', { to: 'lobby', game: 'no-game', text: 'x', id: '1' })).rejects.toMatchObject({
      code: 'unknown-game',
    });
  });

  it.each([
    ['for a room without one', { to: 'room', text: 'x', id: '1' }, 'not-in-room'],
    ['with a character that controls the layout', { to: 'lobby', game: 'chess', text: '\u202ex', id: '1' }, 'bad-data'],
    ['that is too long', { to: 'lobby', game: 'chess', text: 'x'.repeat(301), id: '1' }, 'bad-data'],
    ['with an empty id', { to: 'lobby', game: 'chess', text: 'x', id: '' }, 'bad-data'],
    ['for the lobby of no game', { to: 'lobby', text: 'x', id: '1' }, 'bad-data'],
    ['for an unknown channel', { to: 'all', text: 'x', id: '1' }, 'bad-data'],
  ])('refuses a message %s', async (_, data, code) => {
    const ada = await fleet.newPlayer('Ada');
    await expect(ada.request('chat.send', data as never)).rejects.toMatchObject({ code });
  });

  it('stores a message once when its player sends it twice', async () => {
    const ada = await fleet.newPlayer('Ada');
    const send = () => ada.request('chat.send', { to: 'lobby', game: 'arena', text: 'once', id: 'same' });
    const first = await send();
    expect(await send()).toEqual(first);
    const { messages } = await ada.request('chat.history', { to: 'lobby', game: 'arena' });
    expect(textsOf(messages).filter((text) => text === 'once')).toHaveLength(1);
  });

  it('neither loses nor repeats a message when gateways and lobbies are killed', async () => {
    const [ada, bob] = await roomOfTwo();
    const chats = [openChat(ada, { to: 'room' }), openChat(bob, { to: 'room' })];
    const seen = chats.map(seenBy);
    const sent: string[] = [];
    let isWriting = true;
    const writing = chats.map(async (chat, index) => {
      for (let number = 0; isWriting; number++) {
        const text = `${index}-${number}`;
        try {
          await chat.send(text);
          sent.push(text);
        } catch (error) {
          expect(['server-lost', 'unavailable', 'rate-limited']).toContain((error as { code: string }).code);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    await until(() => sent.length > 5);
    const gateway = fleet.gateways[0];
    gateway.kill();
    await until(() => sent.length > 15, 20_000);
    await fleet.restart(gateway);
    fleet.lobbies[0].kill();
    await until(() => sent.length > 30, 20_000);
    isWriting = false;
    await Promise.all(writing);
    await until(() => seen.every((entries) => sent.every((text) => textsOf(entries).includes(text))), 10_000);
    for (const entries of seen) {
      const texts = textsOf(entries);
      expect(new Set(texts).size).toBe(texts.length);
      expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => entries[0].seq + index));
    }
    expect(seen[0]).toEqual(seen[1]);
    await fleet.restart(fleet.lobbies[0]);
  }, 60_000);
});
