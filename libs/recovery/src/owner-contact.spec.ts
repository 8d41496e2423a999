import type { ServerRecord } from '#libs/fleet';
import type { StoreClock } from '#libs/redis';
import type { OwnerHeartbeats } from '#libs/room-store';
import { OwnerContact } from './owner-contact.js';

const NOW = 1_000_000;

/** An `OwnerContact` that finds a heartbeat of this age. Null: it finds no heartbeat. */
function contact(ageMs: number | null): OwnerContact {
  const heartbeats = { last: async () => (ageMs === null ? null : { ageMs, clock: null }) } as unknown as OwnerHeartbeats;
  return new OwnerContact(heartbeats, { storeTime: () => NOW } as StoreClock);
}

function server(changes: Partial<ServerRecord>): ServerRecord {
  return { id: 'hf:game:1', type: 'game', incarnation: 1, registeredAt: NOW - 7_000, ...changes } as ServerRecord;
}

describe('OwnerContact', () => {
  it('returns the age of the last heartbeat', async () => {
    expect(await contact(400).silentMs(server({}))).toBe(400);
  });

  it('returns the age of the registration of a game server that has written no heartbeat', async () => {
    expect(await contact(null).silentMs(server({}))).toBe(7_000);
  });

  it('returns null for a server that writes no heartbeats, such as a gateway', async () => {
    expect(await contact(null).silentMs(server({ type: 'gateway' }))).toBeNull();
  });

  it('returns null for a record without the time of the registration', async () => {
    expect(await contact(null).silentMs(server({ registeredAt: 0 }))).toBeNull();
  });
});
