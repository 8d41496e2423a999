import { STATE_BYTES_MAX_DEFAULT } from '#libs/room';
import { integer, oneOf } from './setting.js';
import { group } from './setting-group.js';

/** Where rooms go, what they may cost, how they are revived and how players find one. */
export const ROOM_SETTINGS = {
  placement: group('every server', {
    strategy: oneOf('PLACEMENT_STRATEGY', ['least-games', 'least-players', 'packed', 'random'], {
      fallback: 'least-games',
      meaning: 'which game server takes the next room; `packed` fills the fullest, so that others can be scaled in',
    }),
    claimMs: integer('PLACEMENT_CLAIM_MS', {
      from: 500,
      to: 300_000,
      fallback: 10_000,
      meaning: 'how long a reservation holds for a server that never takes the room',
    }),
    waitMs: integer('PLACEMENT_WAIT_MS', {
      from: 0,
      to: 60_000,
      fallback: 3_000,
      meaning: 'how long a start waits for a free game server before it is refused with `no-capacity`; 0 refuses at once',
    }),
    rampMs: integer('PLACEMENT_RAMP_MS', {
      from: 0,
      to: 600_000,
      fallback: 10_000,
      meaning: 'time in which a new, empty server is brought up to the level of the others, so that it is not flooded',
    }),
  }),

  rooms: group('every server', {
    stateBytesMax: integer('ROOM_STATE_BYTES_MAX', {
      from: 1_024,
      to: 16_777_216,
      fallback: STATE_BYTES_MAX_DEFAULT,
      meaning: "a room's largest state, packed; a game that grows past it is refused the change",
    }),
    seatGraceMs: integer('SEAT_GRACE_MS', {
      from: 0,
      to: 86_400_000,
      fallback: 60_000,
      meaning: 'how long a seat is kept for a player who is away; a game may choose another time',
    }),
    idleMs: integer('ROOM_IDLE_MS', {
      from: 1_000,
      to: 86_400_000,
      fallback: 600_000,
      meaning: 'a room that nobody starts and nobody touches goes after this',
    }),
    orphanTtlMs: integer('ROOM_ORPHAN_TTL_MS', {
      from: 60_000,
      to: 2_592_000_000,
      fallback: 86_400_000,
      meaning: 'how long a game without any server to run it waits, paused, before it is given up',
    }),
    checkpointEveryChanges: integer('CHECKPOINT_EVERY_CHANGES', {
      from: 1,
      to: 100_000,
      fallback: 200,
      meaning: 'changes between two checkpoints of a room: fewer make recovery faster and play dearer',
    }),
    checkpointEveryMs: integer('CHECKPOINT_EVERY_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 60_000,
      meaning: 'a room that changes is checkpointed at least this often',
    }),
    listedMax: integer('ROOMS_LISTED_MAX', { from: 1, to: 10_000, fallback: 100, meaning: 'rooms in one answer of `rooms.list`' }),
  }),

  recovery: group('every server', {
    roomsAtOnce: integer('RECOVERY_ROOMS_AT_ONCE', {
      from: 1,
      to: 10_000,
      fallback: 64,
      meaning:
        'rooms of a dead server that one recoverer revives side by side: enough to keep Redis busy, few enough to leave room for play',
    }),
    migrationsAtOnce: integer('MIGRATIONS_AT_ONCE', {
      from: 1,
      to: 1_000,
      fallback: 32,
      meaning: 'rooms that one draining server moves side by side: more share what a move costs, and each of them waits longer',
    }),
  }),

  game: group(['game'], {
    maxGames: integer('MAX_GAMES', { from: 1, to: 1_000_000, fallback: 1_000, meaning: 'rooms one game server takes' }),
    drainTimeoutMs: integer('DRAIN_TIMEOUT_MS', {
      from: 0,
      to: 3_600_000,
      fallback: 25_000,
      meaning: 'how long SIGTERM waits for rooms to move; below the 30 s after which orchestrators kill',
    }),
    handlerSlowMs: integer('HANDLER_SLOW_MS', {
      from: 50,
      to: 60_000,
      fallback: 200,
      meaning: 'a handler of a game that runs longer is named in the log, with its stack',
    }),
    handlerLimitMs: integer('HANDLER_LIMIT_MS', {
      from: 0,
      to: 60_000,
      fallback: 500,
      meaning:
        'a handler that uses more CPU time than this is interrupted and its room ends; keep it below the time in which health checks condemn a server; 0 switches the watchdog off',
    }),
    handlerMemoryMb: integer('HANDLER_MEMORY_MB', {
      from: 32,
      to: 65_536,
      fallback: 256,
      meaning: 'a handler during which the memory of the server grows by more than this is interrupted and its room ends',
    }),
    effectWarnMs: integer('EFFECT_WARN_MS', {
      from: 1_000,
      to: 86_400_000,
      fallback: 60_000,
      meaning: 'a handler of an effect that has neither finished nor failed after this is named in the log (`effect.overdue`)',
    }),
  }),

  match: group(['lobby'], {
    waitMs: integer('MATCH_WAIT_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 60_000,
      meaning: 'how long a player who looks for a match is kept in the queue',
    }),
  }),
} as const;
