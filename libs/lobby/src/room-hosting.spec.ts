import { jest } from '@jest/globals';
import type { Caller } from '#libs/protocol';
import { RoomHosting } from './room-hosting.js';

describe('an update of a room', () => {
  it('reserves no invite code when the update is refused', async () => {
    const reserve = jest.fn(async () => 'CODE0000');
    const members = [{ user: 'ada', name: 'Ada', readyRound: 0, here: true }];
    const record = { id: 'r', game: 'go', status: 'playing', doc: { host: 'ada', members, private: false } };
    const refuse = async (_id: string, rule: (current: unknown) => unknown): Promise<never> => rule(record) as never;
    const rooms = { roomOf: async () => record, now: () => 1 };
    const parts = [rooms, { change: refuse }, {}, { reserve }, {}, {}, {}];
    const hosting = new RoomHosting(...(parts as unknown as ConstructorParameters<typeof RoomHosting>));
    const caller = { user: 'ada', name: 'Ada' } as unknown as Caller;
    await expect(hosting.update(caller, { inviteOnly: true, watchDelayMs: 1_000 })).rejects.toMatchObject({ code: 'room-playing' });
    expect(reserve).not.toHaveBeenCalled();
  });
});
