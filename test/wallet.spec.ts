import { WalletFleet } from './harness/wallet-fleet.js';

let wallets: WalletFleet | string;
beforeAll(async () => {
  wallets = await WalletFleet.start();
}, 120_000);
afterAll(async () => {
  if (typeof wallets !== 'string') await wallets.stop();
});

/** Needs PostgreSQL, on this machine or from Debian's package. `test/long/wallet.spec.ts` kills each process after each step of a bet. */
describe('the bets of a game with a wallet in PostgreSQL', () => {
  it('are charged and settled exactly once when the game server or PostgreSQL is killed', async () => {
    if (typeof wallets === 'string') return void process.stderr.write(`skipped: ${wallets}\n`);
    const { rooms } = await wallets.play();
    const [room] = rooms;
    const decided = [
      await wallets.betAndKill(room, 1, null, null),
      await wallets.betAndKill(room, 2, 'charge: after INSERT', 'game server'),
      await wallets.betAndKill(room, 3, 'charge: after COMMIT', 'game server'),
      await wallets.betAndKill(room, 4, 'settle: before COMMIT', 'PostgreSQL'),
    ];
    expect(decided.map(({ coins, status }) => [coins, ['won', 'lost'].includes(status)])).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [4, true],
    ]);
    expect((await wallets.betAndKill(room, 1_000, null, null)).status).toBe('refused');
    expect(await wallets.flaws([room])).toEqual([]);
  }, 120_000);
});
