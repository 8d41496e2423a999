import type { Self, ServerChangeListener, ServerDirectory, ServerRecord } from '#libs/fleet';
import type { GameRegistry } from '#libs/game-kit';
import type { RoomRules } from '#libs/room';
import type { Log } from '#libs/telemetry';
import { offeredGames, versionsTaken } from './offered-games.js';
import { VersionGaps } from './version-gaps.js';

const seats = { min: 2, max: 2 };
const rules = (name: string, version: number, migrates: boolean) =>
  ({
    definition: { name, version, seats, durability: 'every-change' },
    migrateState: migrates ? () => ({}) : null,
  }) as unknown as RoomRules;
const server = (id: string, version: number, state = 'ready') =>
  ({ id, type: 'game', state, games: { chess: { version, seats } } }) as unknown as ServerRecord;

/**
 * Returns the warnings that a server with the rules `own` logs. `there`: the servers that are registered when it starts. `later`: the
 * servers that register after its start.
 */
function warnings(own: RoomRules, there: ServerRecord[], later: ServerRecord[] = []): Record<string, unknown>[] {
  const said: Record<string, unknown>[] = [];
  let tell: ServerChangeListener = () => {};
  const gaps = new VersionGaps(
    { byType: () => there, onChange: (listener: ServerChangeListener) => (tell = listener) } as unknown as ServerDirectory,
    { all: () => [own] } as unknown as GameRegistry,
    { id: 'hf:game:me' } as unknown as Self,
    { warn: (event: string, fields: object) => said.push({ event, ...fields }) } as unknown as Log,
  );
  gaps.onApplicationBootstrap();
  for (const server of later) tell({ kind: 'registered', server });
  return said;
}

describe('a game server whose game has a new version and no `migrateState`', () => {
  const own = rules('chess', 2, false);

  it('warns once that rooms of an older version cannot run, and names the remedy', () => {
    expect(warnings(own, [server('hf:game:1', 1)], [server('hf:game:1', 1), server('hf:game:2', 1)])).toEqual([
      {
        event: 'game.cannot-migrate',
        game: 'chess',
        version: 2,
        olderVersion: 1,
        target: 'hf:game:1',
        check: expect.stringContaining('add migrateState(state, fromVersion) to the game'),
      },
    ]);
    expect(warnings(own, [], [server('hf:game:1', 1)])).toHaveLength(1);
  });

  it('gives no warning about itself, a dead server, or a server whose version is not older', () => {
    const others = [server('hf:game:me', 1), server('hf:game:1', 1, 'dead'), server('hf:game:2', 2), server('hf:game:3', 3)];
    expect(warnings(own, others, others)).toEqual([]);
  });
});

describe('a game server that can upgrade the states of older game versions', () => {
  it('logs no warning about a server with an older version', () => {
    expect(warnings(rules('chess', 2, true), [server('hf:game:1', 1)])).toEqual([]);
  });
});

describe('the record of a game server', () => {
  it('contains the oldest game version whose rooms the server accepts', () => {
    const offered = offeredGames([rules('chess', 3, true), rules('go', 3, false), rules('old', 40, true)]);
    expect(offered).toMatchObject({
      chess: { version: 3, oldestVersion: 1, seats },
      go: { version: 3, oldestVersion: 3, seats },
      old: { version: 40, oldestVersion: 24, seats },
    });
    expect(versionsTaken(offered.chess)).toEqual([3, 2, 1]);
    expect(versionsTaken(offered.go)).toEqual([3]);
  });
});
