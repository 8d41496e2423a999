import { STATE_BYTES_MAX_DEFAULT } from '#libs/room';
import { integer, oneOf } from './setting.js';
import { group } from './setting-group.js';

/** Settings for the placement, limits and recovery of rooms, and for matchmaking. */
export const ROOM_SETTINGS = {
  placement: group('every server', {
    strategy: oneOf('PLACEMENT_STRATEGY', ['least-games', 'least-players', 'packed', 'random'], {
      fallback: 'least-games',
      meaning: 'how the game server of a new room is chosen. `packed` fills the fullest one, so that others can be scaled in',
    }),
    claimMs: integer('PLACEMENT_CLAIM_MS', {
      from: 500,
      to: 300_000,
      fallback: 10_000,
      meaning: 'how long a reservation lasts when its server never opens the room',
    }),
    waitMs: integer('PLACEMENT_WAIT_MS', {
      from: 0,
      to: 60_000,
      fallback: 3_000,
      meaning: 'how long a start waits for a free game server before it is refused with `no-capacity`. 0 refuses at once',
    }),
    rampMs: integer('PLACEMENT_RAMP_MS', {
      from: 0,
      to: 600_000,
      fallback: 10_000,
      meaning: 'time in which a new, empty server reaches the load of the others, so that it does not get all new rooms at once',
    }),
  }),

  rooms: group('every server', {
    stateBytesMax: integer('ROOM_STATE_BYTES_MAX', {
      from: 1_024,
      to: 16_777_216,
      fallback: STATE_BYTES_MAX_DEFAULT,
      meaning: 'the largest room value, in bytes of MessagePack. A change that exceeds it is refused',
    }),
    seatGraceMs: integer('SEAT_GRACE_MS', {
      from: 0,
      to: 86_400_000,
      fallback: 60_000,
      meaning: 'how long the seat of an absent player is kept. A game may choose another time',
    }),
    idleMs: integer('ROOM_IDLE_MS', {
      from: 1_000,
      to: 86_400_000,
      fallback: 600_000,
      meaning: 'a room without a game is closed after this time without activity',
    }),
    orphanTtlMs: integer('ROOM_ORPHAN_TTL_MS', {
      from: 60_000,
      to: 2_592_000_000,
      fallback: 86_400_000,
      meaning: 'how long a paused game waits for a server that can run it, before it is ended',
    }),
    checkpointEveryChanges: integer('CHECKPOINT_EVERY_CHANGES', {
      from: 1,
      to: 100_000,
      fallback: 200,
      meaning: 'changes between two checkpoints of a room. Fewer make recovery faster and play more expensive',
    }),
    checkpointEveryMs: integer('CHECKPOINT_EVERY_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 60_000,
      meaning: 'maximum time between two checkpoints of a room that changes',
    }),
    listedMax: integer('ROOMS_LISTED_MAX', {
      from: 1,
      to: 10_000,
      fallback: 100,
      meaning: 'maximum number of rooms in one answer of `rooms.list`',
    }),
  }),

  recovery: group('every server', {
    roomsAtOnce: integer('RECOVERY_ROOMS_AT_ONCE', {
      from: 1,
      to: 10_000,
      fallback: 64,
      meaning:
        'rooms of a dead server that one recoverer revives concurrently: enough to use Redis fully, and few enough not to slow down play',
    }),
    migrationsAtOnce: integer('MIGRATIONS_AT_ONCE', {
      from: 1,
      to: 1_000,
      fallback: 32,
      meaning: 'rooms that one draining server migrates concurrently. More of them share the cost, but each waits longer',
    }),
  }),

  game: group(['game'], {
    maxGames: integer('MAX_GAMES', { from: 1, to: 1_000_000, fallback: 1_000, meaning: 'maximum number of rooms of one game server' }),
    drainTimeoutMs: integer('DRAIN_TIMEOUT_MS', {
      from: 0,
      to: 3_600_000,
      fallback: 25_000,
      meaning: 'how long a stopping server (SIGTERM) waits for its rooms to migrate. Keep it below the 30 s after which orchestrators kill',
    }),
    handlerSlowMs: integer('HANDLER_SLOW_MS', {
      from: 50,
      to: 60_000,
      fallback: 200,
      meaning: 'a handler of a game that runs longer is logged, with its stack',
    }),
    handlerLimitMs: integer('HANDLER_LIMIT_MS', {
      from: 0,
      to: 60_000,
      fallback: 500,
      meaning:
        'a handler that uses more CPU time is interrupted, and its room ends. Keep it below the time in which health checks condemn a server. 0 switches the watchdog off',
    }),
    handlerMemoryMb: integer('HANDLER_MEMORY_MB', {
      from: 32,
      to: 65_536,
      fallback: 256,
      meaning: 'a handler during which the memory of the server grows by more than this is interrupted, and its room ends',
    }),
  }),

  match: group(['lobby'], {
    waitMs: integer('MATCH_WAIT_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 60_000,
      meaning: 'how long a player can search for a match',
    }),
  }),
} as const;
