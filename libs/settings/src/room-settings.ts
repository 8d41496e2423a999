import { STATE_BYTES_MAX_DEFAULT } from '#libs/room';
import { integer, oneOf } from './setting.js';
import { group } from './setting-group.js';

/** The settings of rooms: placement, limits, recovery, game servers and matchmaking. */
export const ROOM_SETTINGS = {
  placement: group('every server', {
    strategy: oneOf('PLACEMENT_STRATEGY', ['least-games', 'least-players', 'packed', 'random'], {
      fallback: 'least-games',
      meaning: 'Rule that chooses the game server of the next room. `packed` fills the fullest server, so that others can be removed.',
    }),
    claimMs: integer('PLACEMENT_CLAIM_MS', {
      from: 500,
      to: 300_000,
      fallback: 10_000,
      meaning: 'Time for which a reservation is valid when its server does not take the room.',
    }),
    waitMs: integer('PLACEMENT_WAIT_MS', {
      from: 0,
      to: 60_000,
      fallback: 3_000,
      meaning: 'Time for which a start waits for a free game server before it fails with `no-capacity`; 0 fails at once.',
    }),
    rampMs: integer('PLACEMENT_RAMP_MS', {
      from: 0,
      to: 600_000,
      fallback: 10_000,
      meaning: 'Time in which a new, empty game server is brought up to the load of the others.',
    }),
  }),

  rooms: group('every server', {
    stateBytesMax: integer('ROOM_STATE_BYTES_MAX', {
      from: 1_024,
      to: 16_777_216,
      fallback: STATE_BYTES_MAX_DEFAULT,
      meaning: 'Maximum size of the state of a room, as MessagePack. A change that makes it larger is refused.',
    }),
    seatGraceMs: integer('SEAT_GRACE_MS', {
      from: 0,
      to: 86_400_000,
      fallback: 60_000,
      meaning: 'Time for which a seat is kept for a player who is away. A game may set another time.',
    }),
    idleMs: integer('ROOM_IDLE_MS', {
      from: 1_000,
      to: 86_400_000,
      fallback: 600_000,
      meaning: 'A room is closed when no game starts and no request concerns it for this time.',
    }),
    orphanTtlMs: integer('ROOM_ORPHAN_TTL_MS', {
      from: 60_000,
      to: 2_592_000_000,
      fallback: 86_400_000,
      meaning: 'A game without any server that can run it waits, paused, for this time. Then it is given up.',
    }),
    checkpointEveryChanges: integer('CHECKPOINT_EVERY_CHANGES', {
      from: 1,
      to: 100_000,
      fallback: 200,
      meaning: 'Changes between two checkpoints of a room. A smaller number makes recovery faster and commands more expensive.',
    }),
    checkpointEveryMs: integer('CHECKPOINT_EVERY_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 60_000,
      meaning: 'Maximum time between two checkpoints of a room that changes.',
    }),
    listedMax: integer('ROOMS_LISTED_MAX', {
      from: 1,
      to: 10_000,
      fallback: 100,
      meaning: 'Maximum number of rooms in one answer of `rooms.list`.',
    }),
  }),

  recovery: group('every server', {
    roomsAtOnce: integer('RECOVERY_ROOMS_AT_ONCE', {
      from: 1,
      to: 10_000,
      fallback: 64,
      meaning:
        'Rooms of a lost server that one recoverer places at the same time. More keep Redis busy; fewer leave capacity for commands.',
    }),
    migrationsAtOnce: integer('MIGRATIONS_AT_ONCE', {
      from: 1,
      to: 1_000,
      fallback: 32,
      meaning: 'Rooms that a draining server migrates at the same time. More share the cost of a migration, and each of them waits longer.',
    }),
  }),

  game: group(['game'], {
    maxGames: integer('MAX_GAMES', { from: 1, to: 1_000_000, fallback: 1_000, meaning: 'Maximum number of rooms of one game server.' }),
    drainTimeoutMs: integer('DRAIN_TIMEOUT_MS', {
      from: 0,
      to: 3_600_000,
      fallback: 25_000,
      meaning: 'Time for which SIGTERM waits for rooms to migrate. Keep it below the 30 s after which orchestrators kill a process.',
    }),
    handlerSlowMs: integer('HANDLER_SLOW_MS', {
      from: 50,
      to: 60_000,
      fallback: 200,
      meaning: 'The server logs a handler of a game that runs longer than this, with its stack.',
    }),
    handlerLimitMs: integer('HANDLER_LIMIT_MS', {
      from: 0,
      to: 60_000,
      fallback: 500,
      meaning:
        'The watchdog interrupts a handler that uses more CPU time than this, and its room ends. Keep it below the time in which health checks condemn a server. 0 switches the watchdog off.',
    }),
    handlerMemoryMb: integer('HANDLER_MEMORY_MB', {
      from: 32,
      to: 65_536,
      fallback: 256,
      meaning: 'The watchdog interrupts a handler during which the memory of the server grows by more than this, and its room ends.',
    }),
    effectWarnMs: integer('EFFECT_WARN_MS', {
      from: 1_000,
      to: 86_400_000,
      fallback: 60_000,
      meaning: 'The server logs `effect.overdue` for a handler of an effect that has not settled after this time.',
    }),
  }),

  match: group(['lobby'], {
    waitMs: integer('MATCH_WAIT_MS', {
      from: 1_000,
      to: 3_600_000,
      fallback: 60_000,
      meaning: 'Time for which a search for a match waits in a game without rules for matches (`match` of `@Game`).',
    }),
  }),

  ratings: group(['game'], {
    guestTtlMs: integer('RATING_GUEST_TTL_MS', {
      from: 0,
      to: 31_536_000_000,
      fallback: 604_800_000,
      meaning:
        'Time for which the ratings of a guest are stored after the last rated game; 0: without an end. Keep it above `SESSION_TTL_MS`: a guest returns only with the session.',
    }),
    ttlMs: integer('RATING_TTL_MS', {
      from: 0,
      to: 315_360_000_000,
      fallback: 0,
      meaning: 'The same for users who are no guests; 0: without an end.',
    }),
  }),

  chat: group(['gateway', 'lobby'], {
    kept: integer('CHAT_KEPT', {
      from: 1,
      to: 1_000,
      fallback: 100,
      meaning: 'Number of messages that the chat of a room or lobby keeps for players who come.',
    }),
    ttlMs: integer('CHAT_TTL_MS', {
      from: 60_000,
      to: 2_592_000_000,
      fallback: 86_400_000,
      meaning: 'Time after its last message after which a chat is forgotten. The chat of a room also ends with the room.',
    }),
    perMinute: integer('CHAT_PER_MINUTE', {
      from: 1,
      to: 6_000,
      fallback: 20,
      meaning: 'Messages that a user may send to one chat per minute, on average, over all connections.',
    }),
    burst: integer('CHAT_BURST', { from: 1, to: 1_000, fallback: 5, meaning: 'Messages that a user may send to one chat at once.' }),
    moderationMs: integer('CHAT_MODERATION_MS', {
      from: 10,
      to: 10_000,
      fallback: 2_000,
      meaning: 'Time limit of your `ChatModerator` for one message. Without a verdict by then, the message is refused with `unavailable`.',
    }),
  }),
} as const;
