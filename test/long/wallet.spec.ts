import { type Victim, WalletFleet, type WalletPoint } from '../harness/wallet-fleet.js';

/**
 * The points at which the wallet stops and waits for the kill, in the order of a bet. A bet has these steps: the command is stored, the
 * charge is written, the charge is committed, the server learns of the commit, the result is stored, the settlement is written, the
 * settlement is committed.
 */
const POINTS: readonly WalletPoint[] = [
  'charge: before INSERT',
  'charge: after INSERT',
  'charge: before COMMIT',
  'charge: after COMMIT',
  'settle: before UPDATE',
  'settle: after UPDATE',
  'settle: before COMMIT',
  'settle: after COMMIT',
];
const VICTIMS: readonly Victim[] = ['game server', 'gateway', 'lobby', 'Redis', 'PostgreSQL'];

let wallets: WalletFleet | string;
beforeAll(async () => {
  wallets = await WalletFleet.start();
}, 120_000);
afterAll(async () => {
  if (typeof wallets !== 'string') await wallets.stop();
});

describe.each(VICTIMS)('a bet while the %s is killed', (victim) => {
  it('is charged and settled exactly once, whichever step the kill interrupts', async () => {
    if (typeof wallets === 'string') return void process.stderr.write(`skipped: ${wallets}\n`);
    await wallets.forget();
    const { rooms } = await wallets.play();
    const [room] = rooms;
    for (const [index, point] of POINTS.entries()) {
      const bet = await wallets.betAndKill(room, index + 1, point, victim);
      expect([point, bet.coins]).toEqual([point, index + 1]);
      expect(['won', 'lost', 'void']).toContain(bet.status);
      expect(await wallets.flaws([room])).toEqual([]);
    }
  }, 300_000);
});

describe('bets of two games', () => {
  it('neither lose nor create money when servers and stores are killed', async () => {
    if (typeof wallets === 'string') return void process.stderr.write(`skipped: ${wallets}\n`);
    await wallets.forget();
    const games = [await wallets.play(), await wallets.play()];
    const rooms = games.map((game) => game.rooms[0]);
    for (const victim of [...VICTIMS, ...VICTIMS]) {
      const bets = rooms.flatMap((room) => [1, 2, 3].map((coins) => room.send('bet', { coins })));
      await wallets.killAndReplace(victim, rooms[0]!);
      await Promise.all(bets);
    }
    await wallets.decided(rooms);
    expect(await wallets.flaws(rooms)).toEqual([]);
  }, 300_000);
});
