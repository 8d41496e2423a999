import type { FleetLinks, ServerDirectory } from '#libs/fleet';
import type { Links } from '#libs/link';
import { type RoomId, type SessionId, serverId, type UserId } from '#libs/protocol';
import type { RoomRecord } from '#libs/room-store';
import type { Log, Metrics } from '#libs/telemetry';
import { LOST_POLL_MS } from '../edge.options.js';
import { newSessionTable } from '../session/session-table.fixture.js';
import type { PlayerConnection } from '../transport/player-connection.js';
import { OwnerAttachments } from './owner-attachments.js';
import type { RoomRecordCache } from './room-record-cache.js';

const owner = { server: serverId('game', 'one'), incarnation: 1 };
const record = { id: 'a-room' as RoomId, status: 'playing', owner, epoch: 7, round: 0, doc: { players: ['ada'] } } as unknown as RoomRecord;

/** A gateway with one player of a room. The test sets in `knows` whether the gateway knows the owner of the room and has a link to it. */
function newGateway() {
  const requests: unknown[] = [];
  const peer = { ...owner, isOpen: true, isCongested: false, emit: (_: string, data: unknown) => requests.push(data) };
  const knows = { server: null as object | null, link: null as object | null };
  const links = { get: () => knows.link, to: async () => peer } as unknown as FleetLinks;
  const directory = { get: () => knows.server } as unknown as ServerDirectory;
  const cache = { get: () => record, refresh: () => {} } as unknown as RoomRecordCache;
  const table = newSessionTable();
  const log = { debug: () => {} } as unknown as Log;
  const attachments = new OwnerAttachments(table, cache, links, directory, log, {} as Metrics, { onClosed: () => {} } as unknown as Links);
  const session = table.add('s' as SessionId, 'ada' as UserId, 'Ada');
  session.binding = { room: record.id, watching: false, rev: 1 };
  session.connection = { isOpen: true, send: () => {} } as unknown as PlayerConnection;
  // Calls the method that `@Interval` calls in a server.
  setInterval(() => attachments.pollWaiting(), LOST_POLL_MS);
  return { attachments, session, knows, peer, requests };
}

let gateway: ReturnType<typeof newGateway>;
beforeEach(() => {
  jest.useFakeTimers();
  gateway = newGateway();
});
afterEach(() => {
  jest.clearAllTimers();
  jest.useRealTimers();
});

/** The gateway has no link to this owner, so the session waits for its attachment. */
async function waits(): Promise<void> {
  gateway.attachments.attach(gateway.session, record);
  await jest.advanceTimersByTimeAsync(1);
  expect(gateway.session.attachment.kind).toBe('paused');
}

describe('a session whose room lost its owner', () => {
  it.each([
    ['not in the directory', null],
    ['dead', { state: 'dead', incarnation: 1 }],
    ['registered in another incarnation', { state: 'ready', incarnation: 2 }],
  ])('sends no request to attach while the owner is %s', async (_, server) => {
    gateway.knows.server = server;
    await waits();
    const { attachment } = gateway.session;
    await jest.advanceTimersByTimeAsync(4 * LOST_POLL_MS);
    expect(gateway.session.attachment).toBe(attachment);
    expect(gateway.session.attachment.kind).toBe('paused');
    expect(gateway.requests).toEqual([]);
  });

  it.each([
    ['is in the directory', () => ({ server: { state: 'ready', incarnation: 1 } })],
    ['has a link', () => ({ link: gateway.peer })],
  ])('sends a request to attach when the owner %s', async (_, news) => {
    await waits();
    Object.assign(gateway.knows, news());
    await jest.advanceTimersByTimeAsync(LOST_POLL_MS);
    expect(gateway.requests).toMatchObject([{ sessions: [{ room: record.id, epoch: 7 }] }]);
    expect(gateway.session.attachment.kind).toBe('attaching');
  });
});
