import { jest } from '@jest/globals';
import type { Caller } from '#libs/protocol';
import { Matchmaker } from './matchmaker.js';

const caller = { user: 'ada', name: 'Ada', session: 's', gateway: 'g', asked: { turn: 1, number: 1 } } as unknown as Caller;

/** A matchmaker with fake dependencies. `isLate`: the user has made a later request. `hint`: the last ticket of the user. */
function matchmaker({ isLate = false, hint = null as { ticket: string; game: string } | null } = {}) {
  const end = jest.fn(async () => []);
  const endOfUser = jest.fn(async () => true);
  const add = jest.fn(async () => ({ outcome: 'added', since: 0, replaced: [], offers: [] }));
  const userRooms = {
    overtakeIfFree: async () => true,
    ticketOf: async () => hint,
    noteTicket: async () => true,
    moveStatus: async () => ({ isLate }),
  };
  const games = { mustGet: () => ({}), matchRulesOf: () => null, refuseUnknownRegions: () => {} };
  const parts = [
    { add, end, declinesOf: async () => ({ count: 0, forgottenInMs: 0 }) },
    { settle: async () => null },
    {},
    { end: endOfUser },
    {},
    { endedForOthers: async () => {} },
    { regionOf: () => undefined },
    {},
    userRooms,
    games,
    {},
    {},
    { matchWaitMs: 1 },
  ];
  return { made: new Matchmaker(...(parts as unknown as ConstructorParameters<typeof Matchmaker>)), end, endOfUser, add };
}

describe('a new search of a user', () => {
  it('ends only its own ticket when another lobby has already handled a later request of the user', async () => {
    const { made, end, endOfUser, add } = matchmaker({ isLate: true });
    await expect(made.find(caller, { game: 'go' })).rejects.toMatchObject({ code: 'overtaken' });
    const [[{ id }]] = add.mock.calls as unknown as [[{ id: string }]];
    expect(end).toHaveBeenCalledWith('go', [{ id }], { event: 'cancelled', reason: 'party-changed' });
    expect(endOfUser).not.toHaveBeenCalled();
  });

  it("ends the user's ticket for another game", async () => {
    const { made, endOfUser } = matchmaker({ hint: { ticket: 't', game: 'chess' } });
    await made.find(caller, { game: 'go' });
    expect(endOfUser).toHaveBeenCalledWith('ada', caller.asked, { event: 'cancelled', reason: 'cancelled' });
  });

  it("does not end the user's ticket for the searched game, because the store replaces the ticket", async () => {
    const { made, endOfUser } = matchmaker({ hint: { ticket: 't', game: 'go' } });
    await made.find(caller, { game: 'go' });
    expect(endOfUser).not.toHaveBeenCalled();
  });
});
