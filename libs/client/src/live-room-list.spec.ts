import type { RoomId, RoomListQuery, RoomSummary, RoomsMessage } from '#libs/protocol';
import { Emitter } from './emitter.js';
import { followRooms, type ListingSession } from './live-room-list.js';
import type { SessionEvents, SessionStatus } from './session.js';

const room = (id: string, players = 1): RoomSummary => ({ id: id as RoomId, game: 'g', name: id, status: 'waiting', players, seats: 2 });
const ids = ({ rooms }: { readonly rooms: readonly RoomSummary[] }): string => rooms.map(({ id }) => id).join('');

/** A session with a fake server. The server answers each request with `answer`. */
class Server {
  readonly emitter = new Emitter<SessionEvents>();
  readonly requests: [operation: string, data: unknown][] = [];
  status: SessionStatus = 'open';
  /** The answer to the next request. The server waits until this promise resolves. */
  answer: Promise<{ rooms: RoomSummary[]; subscribed?: true }> = Promise.resolve({ rooms: [], subscribed: true });

  readonly session = {
    get status() {
      return 'open';
    },
    on: (name: keyof SessionEvents, listener: () => void) => this.emitter.on(name, listener),
    request: (operation: string, data: unknown) => {
      this.requests.push([operation, data]);
      return this.answer;
    },
  } as unknown as ListingSession;

  follow(query: RoomListQuery = {}, rooms: RoomSummary[] = []) {
    this.answer = Promise.resolve({ rooms, subscribed: true });
    return followRooms(this.session, query);
  }

  send(message: Omit<RoomsMessage, 'kind' | 'id'>): void {
    this.emitter.emit('rooms', { kind: 'rooms', id: 1, ...message });
  }
}

describe('a list of rooms that a client follows', () => {
  it('applies both changes and whole lists from the server', async () => {
    const server = new Server();
    const list = await server.follow({ game: 'g' }, [room('b'), room('a')]);
    expect(server.requests).toEqual([['rooms.list', { game: 'g', subscribe: true }]]);
    const seen = jest.fn();
    list.on('change', seen);
    server.send({ added: [room('d'), room('c')], changed: [room('a', 2)], removed: ['b' as RoomId] });
    expect(ids(list)).toBe('dca');
    expect(seen).toHaveBeenCalledWith(list.rooms);
    server.send({ order: ['a', 'c', 'd'] as RoomId[] });
    expect(ids(list)).toBe('acd');
    server.send({ rooms: [room('x')] });
    expect(ids(list)).toBe('x');
  });

  it('ignores messages of a new connection until the client has subscribed again', async () => {
    const server = new Server();
    const list = await server.follow({}, [room('a')]);
    let answer = (_rooms: RoomSummary[]): void => {};
    server.answer = new Promise((resolve) => {
      answer = (rooms) => resolve({ rooms, subscribed: true });
    });
    server.emitter.emit('status', 'open');
    server.send({ rooms: [room('old')] });
    expect(ids(list)).toBe('a');
    const changed = new Promise((resolve) => list.on('change', resolve));
    answer([room('b')]);
    await changed;
    expect(ids(list)).toBe('b');
  });

  it('emits an error when the server refuses to continue the list', async () => {
    const server = new Server();
    const list = await server.follow({}, [room('a')]);
    server.answer = Promise.reject(new Error('lost'));
    const failed = new Promise((resolve) => list.on('error', resolve));
    server.emitter.emit('status', 'open');
    expect(await failed).toMatchObject({ code: 'internal' });
    expect(ids(list)).toBe('a');
  });

  it('is refused with an error by a server that does not support subscriptions', async () => {
    const server = new Server();
    server.answer = Promise.resolve({ rooms: [] });
    await expect(followRooms(server.session)).rejects.toMatchObject({ code: 'unavailable', retry: false });
  });

  it('receives no changes after it is closed', async () => {
    const server = new Server();
    const list = await server.follow({}, [room('a')]);
    list.close();
    list.close();
    server.send({ rooms: [] });
    server.emitter.emit('status', 'open');
    expect(ids(list)).toBe('a');
    expect(server.requests.slice(1)).toEqual([['rooms.unsubscribe', undefined]]);
  });
});
