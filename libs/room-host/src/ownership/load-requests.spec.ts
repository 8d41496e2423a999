import type { FleetLinks, ServerDirectory } from '#libs/fleet';
import { type AdoptResult, type RoomId, type ServerId, serverId } from '#libs/protocol';
import { LoadRequests } from './load-requests.js';

const [near, far] = [serverId('game', 'near'), serverId('game', 'far')];
const tenure = (server: ServerId, epoch = 7) => ({ server, incarnation: 1, epoch });

let asked: { server: ServerId; rooms: RoomId[] }[];
let answer: (rooms: RoomId[]) => AdoptResult[];
let requests: LoadRequests;
beforeEach(() => {
  asked = [];
  answer = (rooms) => rooms.map((room) => ({ result: 'adopted', epoch: Number(room) }));
  const directory = { get: (id: ServerId) => ({ id, incarnation: 1 }) };
  const links = {
    to: async ({ id: server }: { id: ServerId }) => ({
      request: async (_: string, { rooms }: { rooms: { room: RoomId }[] }) => {
        const ids = rooms.map(({ room }) => room);
        asked.push({ server, rooms: ids });
        return { results: answer(ids) };
      },
    }),
  };
  requests = new LoadRequests(directory as unknown as ServerDirectory, links as unknown as FleetLinks);
});

describe('the requests to load rooms', () => {
  it('are combined into one request per server in each event-loop tick', async () => {
    const answers = await Promise.all([
      requests.ask('1' as RoomId, tenure(near)),
      requests.ask('2' as RoomId, tenure(far)),
      requests.ask('3' as RoomId, tenure(near)),
    ]);
    expect(answers).toEqual([1, 2, 3].map((epoch) => ({ result: 'adopted', epoch })));
    expect(asked).toEqual([
      { server: near, rooms: ['1', '3'] },
      { server: far, rooms: ['2'] },
    ]);
  });

  it('succeed at a second attempt after a lost answer', async () => {
    answer = () => {
      throw new Error('gone');
    };
    const both = await Promise.allSettled(['1', '2'].map((room) => requests.ask(room as RoomId, tenure(near))));
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    answer = () => [{ result: 'elsewhere' }];
    expect(await requests.ask('1' as RoomId, tenure(near))).toEqual({ result: 'elsewhere' });
  });

  it('fail without being sent when the server has a different incarnation', async () => {
    const successor = { ...tenure(near), incarnation: 2 };
    expect(requests.canAsk(successor)).toBe(false);
    await expect(requests.ask('1' as RoomId, successor)).rejects.toThrow('gone');
    expect(asked).toEqual([]);
  });
});
