import type { LinkPeer, Links } from '#libs/link';
import { type AttachRequest, HoldfastError, type RoomId, type SessionId, type UserId } from '#libs/protocol';
import type { RoomLoader } from '../ownership/room-loader.js';
import type { HostedRooms } from '../room/hosted-rooms.js';
import type { Attachments } from './attachments.js';
import { PendingAttachments } from './pending-attachments.js';

/** A server's door: one room that is here at epoch 1, one that is on its way, and what was done with who came. */
class Server {
  readonly done: string[] = [];
  readonly told: object[] = [];
  readonly peer = { emit: (_: string, data: object) => this.told.push(data) } as unknown as LinkPeer;
  /** The room that was on its way is here, or will not come. */
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
  );

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

it('takes sessions of a room that is here at once, and lets those of one on its way wait for it', async () => {
  const server = new Server();
  server.ask(['coming', 1], ['here', 2]);
  expect(server.done).toEqual(['attach here 2 0']);
  await server.come();
  expect(server.done).toEqual(['attach here 2 0', 'attach coming 1 0']);
});

it('does both for a player who has left before the room came, so that the game hears of it', async () => {
  const server = new Server();
  server.ask(['coming', 1]);
  server.pending.detach(server.peer, { handle: 1, gone: 'left' });
  expect(server.done).toEqual([]);
  await server.come();
  expect(server.done).toEqual(['attach coming 1 0', 'detach 1 left']);
});

it('takes a session that asked again once, as it asked last', async () => {
  const server = new Server();
  server.ask(['coming', 1, 3]);
  server.ask(['coming', 1, 5]);
  await server.come();
  expect(server.done).toEqual(['attach coming 1 5']);
});

it('forgets who waited when their link breaks', async () => {
  const server = new Server();
  server.ask(['coming', 1]);
  server.loseLink();
  await server.come();
  expect(server.done).toEqual([]);
});

it('says who cannot be taken, and why: their room is not here, or they have no seat in it', () => {
  const server = new Server();
  server.refuse = new HoldfastError('moved');
  server.ask(['elsewhere', 1]);
  server.refuse = new HoldfastError('forbidden');
  server.ask(['here', 2]);
  expect(server.told).toEqual([
    { handle: 1, room: 'elsewhere', epoch: 1, reason: 'not-here' },
    { handle: 2, room: 'here', epoch: 1, reason: 'forbidden' },
  ]);
});
