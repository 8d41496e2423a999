import type { LinkPeer, Links } from '#libs/link';
import { type AttachRequest, HoldfastError, type RoomId, type SessionId, type UserId } from '#libs/protocol';
import type { RoomLoader } from '../ownership/room-loader.js';
import type { SeatReconciler } from '../ownership/seat-reconciler.js';
import type { HostedRooms } from '../room/hosted-rooms.js';
import type { Attachments } from './attachments.js';
import { PendingAttachments } from './pending-attachments.js';

/** A server that has the room `here` at epoch 1 and is loading the room `coming`. It records the calls of `Attachments`. */
class Server {
  readonly done: string[] = [];
  readonly sent: object[] = [];
  readonly peer = { emit: (_: string, data: object) => this.sent.push(data) } as unknown as LinkPeer;
  /** Completes the load of the room `coming`. */
  settle: () => void = () => {};
  private readonly coming = new Promise<void>((resolve) => {
    this.settle = resolve;
  });
  private closed: (peer: LinkPeer) => void = () => {};
  refuse: HoldfastError | null = null;

  readonly pending = new PendingAttachments(
    { get: (id: RoomId) => (id === 'here' ? { tenure: { epoch: 1 } } : undefined) } as unknown as HostedRooms,
    { whenLoaded: (id: RoomId) => (id === 'coming' ? this.coming : null) } as unknown as RoomLoader,
    {
      attach: (_: LinkPeer, { room, handle, version }: AttachRequest) => {
        if (this.refuse) throw this.refuse;
        this.done.push(`attach ${room} ${handle} ${version}`);
      },
      detach: (_: LinkPeer, { handle, gone }: { handle: number; gone: string }) => this.done.push(`detach ${handle} ${gone}`),
    } as unknown as Attachments,
    {
      onClosed: (listener: (peer: LinkPeer) => void) => {
        this.closed = listener;
      },
    } as unknown as Links,
    { admit: () => null } as unknown as SeatReconciler,
  );

  constructor() {
    this.pending.onModuleInit();
  }

  ask(...sessions: [room: string, handle: number, version?: number][]): void {
    this.pending.attach(this.peer, { sessions: sessions.map(([room, handle, version = 0]) => request(room, handle, version)) });
  }

  async come(): Promise<void> {
    this.settle();
    await this.coming;
    await new Promise((resolve) => setImmediate(resolve));
  }

  loseLink(): void {
    this.closed(this.peer);
  }
}

function request(room: string, handle: number, version: number): AttachRequest {
  const [session, user] = ['s' as SessionId, 'u' as UserId];
  return { room: room as RoomId, epoch: 1, handle, session, user, watch: false, round: 0, version };
}

describe('a game server with requests to attach', () => {
  it('attaches a session immediately when its room is hosted, and after the load when its room is being loaded', async () => {
    const server = new Server();
    server.ask(['coming', 1], ['here', 2]);
    expect(server.done).toEqual(['attach here 2 0']);
    await server.come();
    expect(server.done).toEqual(['attach here 2 0', 'attach coming 1 0']);
  });

  it('tells the game that a player left while the server was loading the room', async () => {
    const server = new Server();
    server.ask(['coming', 1]);
    server.pending.detach(server.peer, { handle: 1, gone: 'left' });
    expect(server.done).toEqual([]);
    await server.come();
    expect(server.done).toEqual(['attach coming 1 0', 'detach 1 left']);
  });

  it('attaches a session only once, with the version in its last request', async () => {
    const server = new Server();
    server.ask(['coming', 1, 3]);
    server.ask(['coming', 1, 5]);
    await server.come();
    expect(server.done).toEqual(['attach coming 1 5']);
  });

  it('attaches no waiting session whose link has closed during the load of the room', async () => {
    const server = new Server();
    server.ask(['coming', 1]);
    server.loseLink();
    await server.come();
    expect(server.done).toEqual([]);
  });

  it('refuses a session with different reasons when another server has the room and when the user has no seat', () => {
    const server = new Server();
    server.refuse = new HoldfastError('moved');
    server.ask(['elsewhere', 1]);
    server.refuse = new HoldfastError('forbidden');
    server.ask(['here', 2]);
    expect(server.sent).toEqual([
      { handle: 1, room: 'elsewhere', epoch: 1, reason: 'not-here' },
      { handle: 2, room: 'here', epoch: 1, reason: 'forbidden' },
    ]);
  });
});
