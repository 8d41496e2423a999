import { SignJWT } from 'jose';
import { connect } from '#libs/client/node';
import { type Fleet, type FleetServer, RawPlayer, startFleet, until } from '../harness/index.js';

const SECRET = 'a secret for the tokens of tests only';
const CONNECTION_TIMEOUT_MS = 2_000;

describe('a second login with `SECOND_LOGIN=refuse`', () => {
  let fleet: Fleet;
  beforeAll(async () => {
    const env = {
      AUTH: 'jwt',
      AUTH_JWT_SECRET: SECRET,
      SECOND_LOGIN: 'refuse',
      CONNECTION_TIMEOUT_MS: String(CONNECTION_TIMEOUT_MS),
    };
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 0, env });
  }, 60_000);
  afterAll(() => fleet.stop());

  it('is refused while the first session is connected', async () => {
    const [first, second] = fleet.gateways;
    const token = await tokenOf('ada');
    const ada = await comesIn(first, token);
    for (const gateway of [first, second]) {
      const other = await says(gateway, token);
      const goodbye = await other.hears('goodbye');
      expect(goodbye).toMatchObject({ code: 'already-online' });
      expect(goodbye.retryAfterMs).toBeUndefined();
    }
    await expect(connect([first.publicUrl, second.publicUrl], { token })).rejects.toMatchObject({ code: 'already-online' });
    expect(await ada.asks(1, 'me')).toMatchObject({ data: { user: 'ada' } });
    const { session, secret } = await ada.hears('welcome');
    const resumed = await RawPlayer.connect(second);
    resumed.say({ kind: 'hello', protocol: 1, session, secret });
    expect(await resumed.hears('welcome')).toMatchObject({ resumed: true, session });
    expect(await ada.hears('goodbye')).toMatchObject({ code: 'replaced' });
    expect(await (await says(first, token)).hears('goodbye')).toMatchObject({ code: 'already-online' });
    resumed.close();
    await entersAtLast(first, token);
  }, 20_000);

  it('is accepted after the first connection has timed out', async () => {
    const [first, second] = fleet.gateways;
    const token = await tokenOf('bob');
    await comesIn(first, token, 'tcp');
    await entersAtLast(second, token, CONNECTION_TIMEOUT_MS + 3_000);
  }, 20_000);

  it('is accepted after the gateway of the first session was killed', async () => {
    const [first, second] = fleet.gateways;
    const token = await tokenOf('cy');
    await comesIn(second, token);
    second.kill();
    await entersAtLast(first, token, 5_000);
    await fleet.restart(second);
    await fleet.whole();
  }, 30_000);

  async function says(gateway: FleetServer, token: string, way: 'json' | 'tcp' = 'json'): Promise<RawPlayer> {
    const player = await RawPlayer.connect(gateway, way);
    player.say({ kind: 'hello', protocol: 1, token });
    return player;
  }

  async function comesIn(gateway: FleetServer, token: string, way?: 'tcp'): Promise<RawPlayer> {
    const player = await says(gateway, token, way);
    await player.hears('welcome');
    return player;
  }

  async function entersAtLast(gateway: FleetServer, token: string, withinMs = 5_000): Promise<void> {
    await until(async () => {
      const player = await says(gateway, token);
      await until(() => player.heard.length > 0);
      const [{ kind }] = player.heard;
      player.close();
      return kind === 'welcome';
    }, withinMs);
  }
});

function tokenOf(user: string): Promise<string> {
  return new SignJWT({ sub: user }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('5m').sign(new TextEncoder().encode(SECRET));
}
