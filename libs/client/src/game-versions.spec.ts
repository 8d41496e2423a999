import { FakeFleet } from '../test/fake-fleet.fixture.js';
import { FakeGateway } from '../test/fake-gateway.fixture.js';
import type { FakeRoom } from '../test/fake-room.fixture.js';
import type { ConnectOptions } from './connect.js';
import { connect } from './connect-in-node.js';
import type { Room } from './room.js';
import type { Session } from './session.js';

const SOON = { timeoutMs: 5_000 };

describe('a client that declares the supported versions of a game', () => {
  let fleet: FakeFleet;
  let gateway: FakeGateway;
  let session: Session;
  let room: Room;
  let owner: FakeRoom;
  let refusals: string[];

  beforeEach(async () => {
    fleet = new FakeFleet();
    gateway = await FakeGateway.open(fleet);
    refusals = [];
  });
  afterEach(async () => {
    session?.close();
    await gateway.close();
  });

  async function play(gameVersions: ConnectOptions['gameVersions']): Promise<void> {
    session = await connect(gateway.url, { name: 'ada', gameVersions });
    room = await session.createRoom({ game: 'tally' });
    room.on('incompatible', ({ message }) => refusals.push(message));
    owner = fleet.room as FakeRoom;
    await room.start();
    await room.waitFor(({ version }) => version === 0, SOON);
  }

  async function upgradeTo(version: number | undefined): Promise<void> {
    owner.gameVersion = version;
    owner.move();
    await session.me();
  }

  it('refuses commands and player inputs after an upgrade of the game, but still receives the states', async () => {
    await play({ tally: 1 });
    await upgradeTo(1);
    await room.send('add', { n: 1 });
    expect(room.gameVersion).toBe(1);

    await upgradeTo(2);
    const message = 'The game has version 2, and this program was written for 1. Load the program again.';
    expect(refusals).toEqual([message]);
    await expect(room.send('add', { n: 1 })).rejects.toMatchObject({ code: 'game-version', message, retry: false });
    expect(room.sendInput(1, {})).toBe(false);
    expect(room).toMatchObject({ gameVersion: 2, status: 'playing', state: { total: 1 } });
  });

  it('emits `incompatible` only once for each unsupported version, even when the room migrates again', async () => {
    await play({ tally: [1, 2] });
    await upgradeTo(2);
    expect(refusals).toEqual([]);
    await upgradeTo(3);
    await upgradeTo(3);
    expect(refusals).toEqual(['The game has version 3, and this program was written for 1 or 2. Load the program again.']);
  });

  it('sends commands again when the game returns to a supported version', async () => {
    await play({ tally: 1 });
    await upgradeTo(2);
    await upgradeTo(1);
    await room.send('add', { n: 1 });
    expect(room.state).toMatchObject({ total: 1 });
  });

  it.each<[string, ConnectOptions['gameVersions'], number | undefined]>([
    ['the server does not report the version', { tally: 1 }, undefined],
    ['the client declares only versions of other games', { chess: 1 }, 7],
    ['the client declares no versions', undefined, 7],
  ])('sends commands when %s', async (_case, gameVersions, version) => {
    await play(gameVersions);
    await upgradeTo(version);
    await room.send('add', { n: 1 });
    expect(refusals).toEqual([]);
    expect(room.gameVersion).toBe(version ?? null);
  });
});
