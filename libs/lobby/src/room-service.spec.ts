import { jest } from '@jest/globals';
import type { Caller } from '#libs/protocol';
import { RoomService } from './room-service.js';

describe('a private room', () => {
  it('gets no invite code when the lobby refuses to create the room', async () => {
    const reserve = jest.fn(async () => 'CODE0000');
    const games = { mustGet: () => ({ seats: { min: 2, max: 4 } }) };
    const parts = [
      {},
      {},
      { get: async () => null },
      games,
      { end: async () => false },
      { get: () => undefined },
      { storeTime: () => 1 },
      {},
      { reserve },
    ];
    const rooms = new RoomService(...(parts as unknown as ConstructorParameters<typeof RoomService>));
    const caller = { user: 'ada', name: 'Ada', gateway: 'g' } as unknown as Caller;
    await expect(rooms.create(caller, { game: 'go', private: true, seats: 9 })).rejects.toMatchObject({ code: 'bad-data' });
    expect(reserve).not.toHaveBeenCalled();
  });
});
