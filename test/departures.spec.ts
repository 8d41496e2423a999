import { SignJWT } from 'jose';
import { encodePlayerMessage, KIND, LENGTH_BYTES, type PlayerMessage, type RoomSummary } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { type Fleet, type FleetServer, RawPlayer, startFleet, until } from './harness/index.js';

const SECRET = 'a secret for tests only, of more than 32 characters';
const SECOND = 1_000;
const SEAT_GRACE_MS = SECOND;
/**
 * Time limit for the removal of a member whose session has ended, in ms. The gateway reports a lost connection after 1.5 s. Then the grace
 * begins. Some seconds after the grace, a sweep removes the member.
 */
const SETTLED_MS = 20 * SECOND;

let nextUser = 0;

/** A player over TCP. The player has a token, so that the same user can log in twice. */
class Player {
  private nextId = 0;

  private constructor(
    readonly user: string,
    readonly raw: RawPlayer,
  ) {}

  static async login(gateway: FleetServer, user = `user-${++nextUser}`): Promise<Player> {
    const token = await new SignJWT({ name: user })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(user)
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(SECRET));
    return Player.greet(gateway, user, { kind: 'hello', protocol: 1, token });
  }

  /** Resumes the session over another connection. */
  async resume(gateway: FleetServer): Promise<Player> {
    return Player.greet(gateway, this.user, await this.resumption());
  }

  async resumption(): Promise<PlayerMessage> {
    const { session, secret } = await this.raw.hears('welcome');
    return { kind: 'hello', protocol: 1, session, secret };
  }

  private static async greet(gateway: FleetServer, user: string, hello: PlayerMessage): Promise<Player> {
    const raw = await RawPlayer.connect(gateway, 'tcp');
    raw.say(hello);
    await raw.hears('welcome');
    return new Player(user, raw);
  }

  request(operation: string, data?: unknown): PlayerMessage {
    this.nextId += 1;
    return { kind: 'request', id: this.nextId, operation, ...(data !== undefined && { data }) };
  }

  async ask<Result>(operation: string, data?: unknown): Promise<Result> {
    this.raw.say(this.request(operation, data));
    const id = this.nextId;
    const { data: result, error } = await this.raw.hears('response', (response) => response.id === id);
    if (error) throw Object.assign(new Error(error.code), { code: error.code });
    return result as Result;
  }

  /** Writes all messages at once, so that they arrive in one TCP segment. */
  write(...messages: PlayerMessage[]): void {
    const frames = messages.map(encodePlayerMessage).map((frame) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32BE(frame.length);
      return Buffer.concat([length, frame]);
    });
    this.raw.write(Buffer.concat(frames));
  }

  async create(): Promise<string> {
    return (await this.ask<{ room: { id: string } }>('rooms.create', { game: 'tic-tac-toe' })).room.id;
  }
}

type Ending = (player: Player, request: PlayerMessage) => Promise<unknown>;

describe('a session that ends during one of its requests', () => {
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await startFleet({
      gateways: 2,
      lobbies: 1,
      games: 1,
      env: {
        AUTH: 'jwt',
        AUTH_JWT_SECRET: SECRET,
        SEAT_GRACE_MS: String(SEAT_GRACE_MS),
        SESSION_TTL_MS: String(10 * SECOND),
        WATCHERS_PER_ROOM: '1',
        // The lobby must not be evicted, although the tests suspend it for some seconds.
        HEALTH_INTERVAL_MS: '3000',
        HEALTH_MAX_MISSES: '10',
      },
    });
  }, 60_000);
  afterAll(() => fleet.stop());

  const gateway = () => fleet.gateways[0];

  /** Returns all rooms that have the user as a member, public or private. */
  const roomsWith = async (user: string): Promise<string[]> => {
    const ids = await fleet.store.client.zrange(redisName('rooms'), '0', '-1');
    const docs = await Promise.all(ids.map((id) => fleet.store.client.hget(redisName(`room:{${id}}`), 'doc')));
    return ids.filter((_, index) => docs[index]?.includes(`"user":"${user}"`));
  };
  const isSearching = async (user: string): Promise<boolean> =>
    (await fleet.store.client.hexists(redisName('match:{tic-tac-toe}:users'), user)) === 1;
  const isNowhere = async (user: string): Promise<boolean> => (await roomsWith(user)).length === 0 && !(await isSearching(user));

  /**
   * Suspends the lobby. While it is suspended, `ending` sends one request for each player and ends the player's session. Then the lobby
   * continues. Returns the players by the name of their request, and the rooms with their hosts.
   */
  async function endAll(ending: Ending, stoppedMs = 0): Promise<{ hosts: Player[]; rooms: string[]; players: Record<string, Player> }> {
    const hosts = await Promise.all([1, 2, 3, 4].map(() => Player.login(gateway())));
    const rooms = await Promise.all(hosts.map((host) => host.create()));
    const names = ['join', 'create', 'watch', 'find', 'cancel', 'leave', 'ready', 'start'] as const;
    const entries = await Promise.all(names.map(async (name) => [name, await Player.login(gateway())] as const));
    const players = Object.fromEntries(entries) as Record<(typeof names)[number], Player>;
    await players.leave.ask('rooms.join', { room: rooms[1] });
    await players.ready.ask('rooms.join', { room: rooms[2] });
    await players.start.create();
    await players.cancel.ask('match.find', { game: 'chess' });
    const requests: Record<(typeof names)[number], PlayerMessage> = {
      join: players.join.request('rooms.join', { room: rooms[0] }),
      create: players.create.request('rooms.create', { game: 'tic-tac-toe' }),
      watch: players.watch.request('rooms.watch', { room: rooms[3] }),
      find: players.find.request('match.find', { game: 'tic-tac-toe' }),
      cancel: players.cancel.request('match.cancel'),
      leave: players.leave.request('rooms.leave'),
      ready: players.ready.request('rooms.ready'),
      start: players.start.request('rooms.start'),
    };
    const [lobby] = fleet.lobbies;
    lobby.kill('SIGSTOP');
    try {
      await Promise.all(names.map((name) => ending(players[name], requests[name])));
      await new Promise((resolve) => setTimeout(resolve, stoppedMs));
    } finally {
      lobby.kill('SIGCONT');
    }
    return { hosts, rooms, players };
  }

  /** Checks that in the rooms of the hosts no ended session has a seat or counts as a spectator. */
  async function expectRoomsFree(hosts: readonly Player[], rooms: readonly string[]): Promise<void> {
    const guest = await Player.login(gateway());
    for (const [index, room] of rooms.slice(0, 3).entries()) {
      await guest.ask('rooms.join', { room });
      await guest.ask('rooms.ready');
      await hosts[index].ask('rooms.start');
      await guest.ask('rooms.leave');
    }
    // The room accepts one spectator. So this request fails if an ended session still counts as a spectator.
    await guest.ask('rooms.watch', { room: rooms[3] });
    guest.raw.close();
  }

  const byes: Ending = async (player, request) => {
    player.write(request, { kind: 'bye' });
    await player.raw.hears('goodbye');
  };
  const loses: Ending = async (player, request) => {
    player.write(request, { kind: 'ping', nonce: 1 });
    await player.raw.hears('pong');
    player.raw.close();
  };
  const isKicked: Ending = async (player, request) => {
    player.write(request, { kind: 'ping', nonce: 1 });
    await player.raw.hears('pong');
    // This frame has only the byte for its kind and no header of a request, so the gateway closes the connection.
    player.raw.send(Buffer.from([KIND.request]));
    await player.raw.isClosedByServer();
  };
  const expires: Ending = async (player, request) => {
    player.write(request, { kind: 'ping', nonce: 1 });
    await player.raw.hears('pong');
    const { session } = await player.raw.hears('welcome');
    await fleet.store.client.del(redisName(`session:${session}`), redisName(`user-session:{${player.user}}`));
    await player.raw.hears('goodbye');
  };

  it.each<[string, Ending]>([
    ['a bye in the same TCP segment', byes],
    ['the loss of its connection', loses],
    ['a goodbye by the gateway', isKicked],
    ['its expiry', expires],
  ])(
    'leaves behind no member, room, search or spectator after %s',
    async (_, ending) => {
      const { hosts, rooms, players } = await endAll(ending);
      for (const { user } of Object.values(players)) await until(() => isNowhere(user), SETTLED_MS);
      await expectRoomsFree(hosts, rooms);
      const [lister] = hosts;
      const listed = await lister.ask<{ rooms: RoomSummary[] }>('rooms.list');
      expect(listed.rooms.every(({ players: members }) => members > 0)).toBe(true);
      for (const host of hosts) host.raw.close();
    },
    60_000,
  );

  it.each<[string, Ending]>([
    [
      'a login of the same user elsewhere',
      async (player, request) => {
        player.write(request, { kind: 'ping', nonce: 1 });
        await player.raw.hears('pong');
        Object.assign(player, { next: await Player.login(fleet.gateways[1], player.user) });
      },
    ],
    [
      'a resume at another gateway',
      async (player, request) => {
        player.write(request, { kind: 'ping', nonce: 1 });
        await player.raw.hears('pong');
        Object.assign(player, { next: await player.resume(fleet.gateways[1]) });
      },
    ],
  ])(
    'leaves its user only in the room that the new connection reports, after %s',
    async (_, ending) => {
      const { hosts, rooms, players } = await endAll(ending);
      for (const player of Object.values(players)) {
        const { next } = player as unknown as { next: Player };
        const me = await next.ask<{ room: { id: string } | null; watching: boolean; searching: string | null }>('me');
        const told = next.raw.heard.findLast((message) => message.kind === 'room');
        expect(me.watching ? [] : me.room ? [me.room.id] : []).toEqual(await roomsWith(player.user));
        expect(told?.room?.id ?? null).toBe(me.room?.id ?? null);
        expect(await isSearching(player.user)).toBe(me.searching === 'tic-tac-toe');
        // A `bye` of the new session must remove the user from the room and the queue.
        next.write({ kind: 'bye' });
        await until(() => isNowhere(player.user), SETTLED_MS);
      }
      await expectRoomsFree(hosts, rooms);
      for (const host of hosts) host.raw.close();
    },
    60_000,
  );

  it('is removed from its room when a resuming connection closes before the welcome', async () => {
    const host = await Player.login(gateway());
    const room = await host.create();
    const guest = await Player.login(gateway());
    await guest.ask('rooms.join', { room });
    const hello = await guest.resumption();
    const back = await RawPlayer.connect(fleet.gateways[1], 'tcp');
    back.say(hello);
    back.close();
    await until(() => isNowhere(guest.user), SETTLED_MS);
    host.write({ kind: 'bye' });
    await until(() => isNowhere(host.user), SETTLED_MS);
  }, 40_000);

  it('is removed from its room even when no lobby runs at the end of the session', async () => {
    const host = await Player.login(gateway());
    const room = await host.create();
    const guest = await Player.login(gateway());
    await guest.ask('rooms.join', { room });
    const [lobby] = fleet.lobbies;
    lobby.kill();
    await lobby.exited;
    guest.write({ kind: 'bye' });
    await guest.raw.hears('goodbye');
    await fleet.restart(lobby);
    await until(() => isNowhere(guest.user), SETTLED_MS);
    host.raw.close();
  }, 40_000);
});
