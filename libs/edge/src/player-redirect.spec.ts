import type { EventSink, LocalStoreLossDetector, Self, ServerDirectory } from '#libs/fleet';
import { type RoomId, type ServerId, type SessionId, serverId, type UserId } from '#libs/protocol';
import type { Log } from '#libs/telemetry';
import { PlayerRedirect } from './player-redirect.js';
import type { RoomRecordCache } from './room/room-record-cache.js';
import { newSessionTable } from './session/session-table.fixture.js';
import type { SessionTable } from './session/session-table.js';
import type { PlayerConnection } from './transport/player-connection.js';

const OTHER = serverId('gateway', '2');

function refuses(isLocal: boolean, writers: readonly ServerId[]): boolean {
  const redirect = new PlayerRedirect(
    { all: () => [] } as unknown as SessionTable,
    {} as RoomRecordCache,
    { byType: () => [{ id: OTHER, state: 'ready', suspect: 0, unheard: false }] } as unknown as ServerDirectory,
    { id: serverId('gateway', '1') } as Self,
    { isLocal, writers: new Set(writers) } as unknown as LocalStoreLossDetector,
    {} as EventSink,
    {} as Log,
  );
  return redirect.refusesPlayers;
}

/** A gateway with `count` connected players. Their rooms are alternately on the game servers `near` and `far`. */
function newGateway(count: number, { isLocal = false, others = [OTHER] as readonly ServerId[] } = {}) {
  const table = newSessionTable();
  const goodbyes: string[] = [];
  for (let index = 0; index < count; index++) {
    const session = table.add(`s${index}` as SessionId, `u${index}` as UserId, 'Ada');
    session.binding = { room: (index % 2 === 0 ? 'near' : 'far') as RoomId, watching: false, rev: 1 };
    const goodbye = ({ code }: { readonly code: string }): void => void goodbyes.push(`${session.id} ${code}`);
    session.connection = { isOpen: true, goodbye } as unknown as PlayerConnection;
  }
  const storeLoss = { isLocal, writers: new Set(others) };
  const published: unknown[] = [];
  const redirect = new PlayerRedirect(
    table,
    { get: (room: RoomId) => ({ status: 'playing', owner: { server: serverId('game', room) } }) } as unknown as RoomRecordCache,
    { byType: () => others.map((id) => ({ id, state: 'ready', suspect: 0, unheard: false })) } as unknown as ServerDirectory,
    { id: serverId('gateway', '1'), incarnation: 1 } as Self,
    storeLoss as unknown as LocalStoreLossDetector,
    { publish: (event: unknown) => published.push(event) } as unknown as EventSink,
    { warn: () => {} } as unknown as Log,
  );
  return { redirect, goodbyes, published, storeLoss, table };
}

describe('the redirect of players to other gateways', () => {
  afterEach(() => jest.restoreAllMocks());

  it('disconnects only players whose game server is unreachable for this gateway but not for another gateway', () => {
    const { redirect, goodbyes, published } = newGateway(4);
    redirect.tick();
    expect(goodbyes).toEqual([]);
    redirect.unreachableFrom = () => new Set([serverId('game', 'far')]);
    redirect.tick();
    expect(goodbyes).toEqual(['s1 unavailable', 's3 unavailable']);
    expect(published).toMatchObject([{ kind: 'players.redirected', reason: 'owner-unreachable', detail: { players: 2 } }]);
  });

  it('disconnects all players of a gateway that has lost the store, at most 32 per tick', () => {
    const { redirect, goodbyes, published } = newGateway(40, { isLocal: true });
    redirect.tick();
    expect(goodbyes).toHaveLength(32);
    redirect.tick();
    redirect.tick();
    expect(new Set(goodbyes).size).toBe(40);
    expect(goodbyes).toHaveLength(40);
    expect(published).toHaveLength(1);
    const at = performance.now() + 3_000;
    jest.spyOn(performance, 'now').mockImplementation(() => at);
    redirect.tick();
    expect(goodbyes).toHaveLength(72);
  });

  it('disconnects no player when no other gateway exists', () => {
    const alone = newGateway(2, { isLocal: true, others: [] });
    alone.redirect.tick();
    expect(alone.goodbyes).toEqual([]);
    const { redirect, goodbyes, table } = newGateway(2, { isLocal: true });
    table.get('s0' as SessionId)!.connection = null;
    redirect.tick();
    expect(goodbyes).toEqual(['s1 unavailable']);
  });
});

describe('a gateway that has lost the store', () => {
  it('refuses players when another gateway writes to the store', () => {
    expect(refuses(true, [OTHER])).toBe(true);
    expect(refuses(false, [OTHER])).toBe(false);
  });

  it('refuses no players when no other gateway writes to the store', () => {
    expect(refuses(true, [serverId('game', '1'), serverId('lobby', '1')])).toBe(false);
  });
});
