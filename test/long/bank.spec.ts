import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Room } from '#libs/client';
import type { RoomId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import { type Fleet, type Game, RawPlayer, startFleet, until } from '../harness/index.js';

interface Bank {
  readonly state: { purse: number; sent: string[]; touched: number };
}
interface Payment {
  readonly key: string;
  readonly room: string;
  readonly id: string;
}

const DURABILITIES = ['every-change', 'checkpoint', 'none'] as const;
/** The money of each game at its start (`bank.mjs`). */
const PURSE = 10_000;
const GAMES = 4;
const KILLS = 5;
const BETWEEN_KILLS_MS = 700;

let fleet: Fleet;
let dir: string;
let file: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'holdfast-bank-'));
  file = join(dir, 'payments');
  fleet = await startFleet({ gateways: 1, lobbies: 1, games: 3, testGames: { turnMs: 60_000 }, env: { TEST_BANK: file } });
}, 60_000);
afterAll(async () => {
  await fleet.stop();
  await rm(dir, { recursive: true });
});

async function payments(): Promise<Payment[]> {
  const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Payment);
}

/** Two players who send transfers until the game ends or the test stops them. */
class Spenders {
  /**
   * The version of the state after each acknowledged transfer, by the id of the transfer. A rewind removes the entries of undone transfers.
   */
  readonly acknowledged = new Map<string, number>();
  readonly rewinds: { from: number; to: number }[] = [];
  private isStopped = false;
  private readonly playing: Promise<unknown>;

  constructor(private readonly game: Game) {
    for (const [seat, room] of game.rooms.entries()) {
      room.on('rewound', (rewind) => {
        this.rewinds.push(rewind);
        for (const [id, version] of this.acknowledged)
          if (version > rewind.to && id.startsWith(`${room.id}-${seat}-`)) this.acknowledged.delete(id);
      });
    }
    this.playing = Promise.all(game.rooms.map((room, seat) => this.spend(room, seat)));
  }

  get room(): Room {
    return this.game.rooms[0];
  }

  get state(): Bank['state'] {
    return this.room.state as unknown as Bank['state'];
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.playing;
  }

  private async spend(room: Room, seat: number): Promise<void> {
    for (let turn = 0; !this.isStopped && (room.status === 'playing' || room.status === 'paused'); turn++) {
      const id = `${room.id}-${seat}-${turn}`;
      const sent = turn % 3 === 0 ? room.send('touch') : room.send('transfer', { id });
      await sent.then(
        () => turn % 3 !== 0 && this.acknowledged.set(id, room.version),
        // Ignores the error: the command failed because the game has ended.
        () => {},
      );
    }
  }
}

describe.each(DURABILITIES)('the transfers of bank games with durability %s while servers are killed', (durability) => {
  it('are each paid under exactly one effect key', async () => {
    const name = `bank-${durability}`;
    const all: Spenders[] = [];
    const play = async () => {
      for (
        let missing = GAMES - all.filter(({ room }) => room.status === 'playing' || room.status === 'paused').length;
        missing > 0;
        missing--
      )
        all.push(new Spenders(await fleet.twoPlayersInAGame(name)));
    };
    await play();
    for (let kill = 0; kill < KILLS; kill++) {
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_KILLS_MS * (0.5 + Math.random())));
      const victim = await fleet.ownerOf(all[all.length - 1].room);
      victim.kill();
      await victim.exited;
      await fleet.restart(victim);
      await fleet.whole();
      await play();
    }
    await Promise.all(all.map((spenders) => spenders.stop()));
    const rooms = new Set(all.map(({ room }) => room.id));

    const isSettled = async (): Promise<boolean> => {
      const paid = new Set((await payments()).map(({ id }) => id));
      return all.every(({ room, state }) => room.status === 'playing' && state.sent.every((id) => paid.has(id)));
    };
    if (durability !== 'none') await until(isSettled, 20_000);

    const paid = (await payments()).filter(({ room }) => rooms.has(room as RoomId));
    const byKey = new Map<string, string>();
    for (const { key, id } of paid) {
      expect([key, byKey.get(key) ?? id]).toEqual([key, id]);
      byKey.set(key, id);
    }
    // Payments with the same key count as one payment. Counted like this, each transfer must have exactly one payment.
    const ids = [...byKey.values()];
    expect(ids).toHaveLength(new Set(ids).size);
    expect(ids.length).toBeGreaterThan(KILLS);

    for (const { room, state, acknowledged } of all) {
      const paidHere = paid.filter((payment) => payment.room === room.id).map(({ id }) => id);
      const outside = new Set(paidHere).size;
      if (durability === 'none') {
        expect(outside).toBeLessThanOrEqual(PURSE);
        continue;
      }
      expect([...new Set(paidHere)].sort()).toEqual([...state.sent].sort());
      expect(state.purse + outside).toBe(PURSE);
      expect(state.sent).toEqual(expect.arrayContaining([...acknowledged.keys()]));
    }
    if (durability === 'every-change') expect(all.flatMap(({ rewinds }) => rewinds)).toEqual([]);
    for (const { room } of all) await room.leave().catch(() => {});
  }, 240_000);
});

describe('a game of durability `checkpoint` whose server is killed', () => {
  it('sends `rewound` with the lost version and the remaining version to both players', async () => {
    const { rooms } = await fleet.twoPlayersInAGame('bank-checkpoint');
    const told = rooms.map((room) => {
      const rewinds: unknown[] = [];
      room.on('rewound', (rewind) => rewinds.push(rewind));
      return rewinds;
    });
    for (let times = 0; times < 4; times++) await rooms[0].send('touch');
    for (const room of rooms) await room.waitFor(({ version }) => version === 4, { timeoutMs: 5_000 });
    const owner = await fleet.ownerOf(rooms[0]);
    owner.kill();
    await owner.exited;
    for (const room of rooms) await room.waitFor(({ status, version }) => status === 'playing' && version < 4, { timeoutMs: 10_000 });
    expect(told).toEqual([[{ from: 4, to: 0 }], [{ from: 4, to: 0 }]]);
    for (const room of rooms) expect((room.state as Bank['state']).touched).toBe(0);
    await fleet.restart(owner);
  }, 30_000);
});

describe('a game of durability `checkpoint` that loses two servers in succession', () => {
  it('sends `rewound` with the lost version and the remaining version to each player', async () => {
    const [gateway] = fleet.gateways;
    const ada = await fleet.newPlayer('Ada');
    const room = await ada.createRoom({ game: 'bank-checkpoint', private: true });
    const bob = await RawPlayer.welcomed(gateway, 'Bob');
    for (const [id, operation] of ['rooms.join', 'rooms.ready'].entries())
      expect((await bob.asks(id + 1, operation, operation === 'rooms.join' ? { room: room.id } : undefined)).error).toBeUndefined();
    await room.start();
    await room.waitFor(({ status, state }) => status === 'playing' && state !== undefined, { timeoutMs: 10_000 });
    const rewinds: { from: number; to: number }[] = [];
    room.on('rewound', (rewind) => rewinds.push(rewind));

    /**
     * Waits for a payment and some later changes, and then kills the owner. Returns the version before the rewind and the version after it.
     */
    async function loseServer(id: string, beforeEnd: () => void = () => {}): Promise<{ from: number; to: number }> {
      await room.send('transfer', { id });
      await until(async () => (await payments()).some((payment) => payment.id === id), 10_000);
      const storedVersion = async () => Number(await fleet.redis.client.hget(redisName(`room:{${room.id}}`), 'version'));
      const to = await storedVersion();
      for (let times = 0; times < 3; times++) await room.send('touch');
      const owner = await fleet.ownerOf(room);
      beforeEnd();
      // Reads the version before the kill, because the recovery can change it immediately afterwards.
      const from = room.version;
      owner.kill();
      await until(() => rewinds.some((rewind) => rewind.to === to), 10_000);
      await room.waitFor(({ status }) => status === 'playing', { timeoutMs: 10_000 });
      await fleet.restart(owner);
      await fleet.whole();
      return { from, to };
    }

    let held = { version: 0, epoch: 0 };
    const first = await loseServer('twice-1', () => {
      const version = bob.heard.reduce((highest, frame) => (frame.kind === 'sync' ? Math.max(highest, frame.version) : highest), 0);
      const placed = bob.heard.find((frame) => frame.kind === 'placed');
      held = { version, epoch: placed?.kind === 'placed' ? placed.epoch : 0 };
      bob.close();
    });
    expect(held.version).toBeGreaterThan(first.to);
    while (room.version <= first.from) await room.send('touch');
    const second = await loseServer('twice-2');
    expect(second.to).toBeGreaterThan(first.from);
    expect(rewinds).toEqual([first, second]);

    const { session, secret } = await bob.hears('welcome');
    const { round } = await bob.hears('placed');
    const back = await RawPlayer.connect(gateway);
    back.say({ kind: 'hello', protocol: 1, session, secret, room: room.id, round, ...held });
    expect((await back.hears('placed')).rewound).toEqual({ from: held.version, to: first.to });
    const sync = await back.hears('sync');
    expect(sync.from).toBeUndefined();
    expect(sync.state).toEqual(room.state);

    const paid = (await payments()).filter((payment) => payment.room === room.id);
    const idsOf = new Map<string, Set<string>>();
    for (const { key, id } of paid) idsOf.set(key, (idsOf.get(key) ?? new Set()).add(id));
    for (const [key, ids] of idsOf) expect([key, ids.size]).toEqual([key, 1]);
    expect([...idsOf.values()].flatMap((ids) => [...ids]).sort()).toEqual(['twice-1', 'twice-2']);
    back.close();
    await room.leave();
  }, 60_000);
});

describe('a client that continues with the sequence number of the rewound state', () => {
  it('receives no acknowledgement of a lost command', async () => {
    const ada = await fleet.newPlayer('Ada');
    const room = await ada.createRoom({ game: 'bank-checkpoint', private: true });
    const bob = await RawPlayer.welcomed(fleet.gateways[0], 'Bob');
    expect((await bob.asks(1, 'rooms.join', { room: room.id })).error).toBeUndefined();
    expect((await bob.asks(2, 'rooms.ready')).error).toBeUndefined();
    await room.start();
    const answered = (seq: number, since = 0) => until(() => bob.heard.slice(since).some((one) => one.kind === 'sync' && one.seq >= seq));
    await bob.hears('sync');
    for (let seq = 1; seq <= 3; seq++) bob.say({ kind: 'command', seq, settled: seq - 1, name: 'touch' });
    await answered(3);

    const owner = await fleet.ownerOf(room);
    // Suspends the other game servers, so that the room has no owner for a while. During this time the gateway buffers the next command
    // and does not send it.
    const others = fleet.games.filter((server) => server !== owner);
    for (const server of others) server.kill('SIGSTOP');
    owner.kill();
    await bob.hears('paused');
    bob.say({ kind: 'command', seq: 4, settled: 3, name: 'touch' });
    bob.say({ kind: 'ping', nonce: 4 });
    await bob.hears('pong', ({ nonce }) => nonce === 4);
    for (const server of others) server.kill('SIGCONT');
    const placed = await bob.hears('placed', ({ rewound }) => rewound !== undefined);
    const since = bob.heard.indexOf(placed);
    expect(placed).toMatchObject({ seq: 0, rewound: { to: 0 } });
    bob.say({ kind: 'command', seq: 1, settled: 0, name: 'transfer', data: { id: 'anew' } });
    await answered(1, since);
    await room.waitFor(({ state }) => (state as Bank['state'] | undefined)?.sent.includes('anew') === true, { timeoutMs: 5_000 });
    await fleet.restart(owner);
    await fleet.whole();
    bob.close();
    await room.leave();
  }, 30_000);
});
