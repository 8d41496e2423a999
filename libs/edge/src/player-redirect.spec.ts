import type { EventSink, LocalStoreLossDetector, Self, ServerDirectory } from '#libs/fleet';
import { type ServerId, serverId } from '#libs/protocol';
import type { Log } from '#libs/telemetry';
import { PlayerRedirect } from './player-redirect.js';
import type { RoomRecordCache } from './room/room-record-cache.js';
import type { SessionTable } from './session/session-table.js';

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

describe('a gateway that has lost the store', () => {
  it('refuses players when another gateway writes to the store', () => {
    expect(refuses(true, [OTHER])).toBe(true);
    expect(refuses(false, [OTHER])).toBe(false);
  });

  it('refuses no players when no other gateway writes to the store', () => {
    expect(refuses(true, [serverId('game', '1'), serverId('lobby', '1')])).toBe(false);
  });
});
