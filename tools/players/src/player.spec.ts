import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Session } from '#libs/client/node';
import { FakeFleet } from '../../../libs/client/test/fake-fleet.fixture.js';
import { FakeGateway } from '../../../libs/client/test/fake-gateway.fixture.js';
import { openSessions } from './player.js';
import { Tally } from './tally.js';

/** A proxy before a gateway. It resets the connections whose numbers, counted from 1, are in `lost`. */
class LossyNetwork {
  private readonly sockets = new Set<Socket>();
  private count = 0;

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async before(gateway: FakeGateway, lost: readonly number[]): Promise<LossyNetwork> {
    const port = Number(new URL(gateway.url).port);
    const server = createServer((near) => {
      network.count += 1;
      near.on('error', () => {});
      if (lost.includes(network.count)) return near.resetAndDestroy();
      const far = connect({ port, host: '127.0.0.1' });
      far.on('error', () => {});
      near.pipe(far).pipe(near);
      network.sockets.add(near).add(far);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const network = new LossyNetwork(server, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/play`);
    return network;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

describe('the sessions of simulated players', () => {
  let gateway: FakeGateway;
  let network: LossyNetwork | undefined;
  let sessions: Session[];
  let tally: Tally;
  beforeEach(async () => {
    gateway = await FakeGateway.open(new FakeFleet());
    network = undefined;
    sessions = [];
    tally = new Tally();
  });
  afterEach(async () => {
    for (const session of sessions) session.close();
    network?.close();
    await gateway.close();
  });

  async function open(count: number, lost: readonly number[], isFleetKnown: boolean): Promise<void> {
    network = await LossyNetwork.before(gateway, lost);
    sessions = await openSessions(count, { urls: [network.url], encoding: 'binary', certificate: null, isFleetKnown }, tally);
  }

  it('are all opened even when no gateway answers some first attempts, and each failed attempt is counted', async () => {
    await open(4, [2, 3, 5], false);
    expect(sessions.map(({ status }) => status)).toEqual(['open', 'open', 'open', 'open']);
    expect(tally).toMatchObject({ failedConnects: 3, isRight: true });
  });

  it('are not opened when no gateway answers the first player', async () => {
    await expect(open(2, [1], false)).rejects.toMatchObject({ code: 'no-fleet' });
  });

  it('are all opened even when no gateway answers the first attempts, if the run has started the fleet itself', async () => {
    await open(2, [1, 2], true);
    expect(sessions).toHaveLength(2);
    expect(tally.failedConnects).toBe(2);
  });
});
