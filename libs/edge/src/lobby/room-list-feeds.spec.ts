import { decodeServerMessage, type RoomId, type RoomListQuery, type RoomSummary } from '#libs/protocol';
import { Log } from '#libs/telemetry';
import type { GatewaySession } from '../session/gateway-session.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import type { LobbyRouter } from './lobby-router.js';
import { RoomListFeeds } from './room-list-feeds.js';

const log = new Log({ server: 'hf:gateway:test', level: 'silent', format: 'json' });
const room = (id: string, players = 1): RoomSummary => ({ id: id as RoomId, game: 'g', name: id, status: 'waiting', players, seats: 2 });

/** A fake lobby. The test sets the list of rooms of each game. */
class Lobby {
  readonly lists = new Map<string, RoomSummary[]>();
  readonly reads: number[] = [];
  isLost = false;

  readonly router = {
    request: async (_pattern: string, { queries }: { queries: { query: RoomListQuery; tag: string | null }[] }) => {
      this.reads.push(queries.length);
      if (this.isLost) throw new Error('lost');
      return {
        lists: queries.map(({ query, tag }) => {
          const rooms = this.lists.get(query.game ?? '') ?? [];
          const now = JSON.stringify(rooms);
          return now === tag ? null : { tag: now, rooms };
        }),
      };
    },
  } as unknown as LobbyRouter;
}

class Client {
  readonly received: unknown[] = [];
  backlogBytes = 0;
  isOpen = true;
  readonly session = { connection: this } as unknown as GatewaySession;

  sendFrame(frame: Uint8Array): void {
    this.received.push(decodeServerMessage(frame));
  }

  get connection(): PlayerConnection {
    return this as unknown as PlayerConnection;
  }
}

let lobby: Lobby;
let feeds: RoomListFeeds;
beforeEach(() => {
  lobby = new Lobby();
  feeds = new RoomListFeeds(lobby.router, log);
});

function subscribe(client: Client, id: number, query: RoomListQuery, rooms: RoomSummary[] = []): boolean {
  return feeds.subscribe(client.session, client.connection, id, query, rooms);
}

describe('RoomListFeeds', () => {
  it('reads a list only once for all sessions that follow the list', async () => {
    const clients = [new Client(), new Client(), new Client()];
    for (const [index, client] of clients.entries()) subscribe(client, 10 + index, { game: index < 2 ? 'chess' : 'go' });
    lobby.lists.set('chess', [room('a')]);
    await feeds.read();
    expect(lobby.reads).toEqual([2]);
    expect(clients.map(({ received }) => received)).toEqual([
      [{ kind: 'rooms', id: 10, added: [room('a')] }],
      [{ kind: 'rooms', id: 11, added: [room('a')] }],
      [],
    ]);
    await feeds.read();
    expect(clients[0]!.received).toHaveLength(1);
  });

  it('sends nothing while the list equals the list in the answer to the subscription', async () => {
    const client = new Client();
    lobby.lists.set('', [room('a')]);
    subscribe(client, 1, {}, [room('a')]);
    await feeds.read();
    expect(client.received).toEqual([]);
  });

  it('sends the whole list to a session that subscribed with an outdated list', async () => {
    const [first, second] = [new Client(), new Client()];
    lobby.lists.set('', [room('b'), room('a')]);
    subscribe(first, 1, {}, [room('a')]);
    subscribe(second, 2, {}, [room('b'), room('a')]);
    await feeds.read();
    expect(first.received).toEqual([{ kind: 'rooms', id: 1, added: [room('b')] }]);
    expect(second.received).toEqual([{ kind: 'rooms', id: 2, rooms: [room('b'), room('a')] }]);
  });

  it('sends the whole list to a client with a large backlog after the client has read the backlog', async () => {
    const [slow, fast] = [new Client(), new Client()];
    subscribe(slow, 1, {});
    subscribe(fast, 2, {});
    slow.backlogBytes = 10_000_000;
    for (const players of [1, 2]) {
      lobby.lists.set('', [room('a', players)]);
      await feeds.read();
    }
    expect(slow.received).toEqual([]);
    expect(fast.received).toHaveLength(2);
    slow.backlogBytes = 0;
    await feeds.read();
    expect(slow.received).toEqual([{ kind: 'rooms', id: 1, rooms: [room('a', 2)] }]);
    expect(fast.received).toHaveLength(2);
  });

  it('ends a subscription when the connection closes or the client unsubscribes or subscribes again', async () => {
    const [gone, other, left] = [new Client(), new Client(), new Client()];
    subscribe(gone, 1, {});
    subscribe(other, 2, {});
    subscribe(other, 3, { game: 'chess' });
    subscribe(left, 4, {});
    feeds.unsubscribe(left.session);
    gone.isOpen = false;
    lobby.lists.set('', [room('a')]);
    await feeds.read();
    expect([gone, other, left].map(({ received }) => received)).toEqual([[], [], []]);
    expect(feeds.subscriptions).toBe(1);
  });

  it('sends the changes after the next successful read when a read has failed', async () => {
    const client = new Client();
    subscribe(client, 1, {});
    lobby.lists.set('', [room('a')]);
    lobby.isLost = true;
    await feeds.read();
    lobby.isLost = false;
    await feeds.read();
    expect(client.received).toEqual([{ kind: 'rooms', id: 1, added: [room('a')] }]);
  });

  it('refuses a subscription above the maximum number of distinct lists', () => {
    const results = Array.from({ length: 200 }, (_, index) => subscribe(new Client(), 1, { game: `g${index}` }));
    expect(results.filter((isSubscribed) => isSubscribed)).toHaveLength(128);
    expect(subscribe(new Client(), 2, { game: 'g0' })).toBe(true);
  });
});
