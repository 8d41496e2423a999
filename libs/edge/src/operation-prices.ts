import type { OperationName } from '#libs/protocol';

/**
 * How many messages an operation counts as, against the limits of a connection and of an address (`MESSAGES_PER_SECOND`,
 * `CONNECTIONS_PER_ADDRESS`). Prices follow from what an operation costs Redis and a lobby at its dearest, measured by
 * `test/prices.spec.ts`, which holds each of them to `REDIS_COMMANDS_PER_MESSAGE`.
 */
export const OPERATION_PRICES = {
  'games.list': 1,
  me: 1,
  // The first page, which lobbies read once for all who ask for it. A further page costs `FURTHER_PAGE_PRICE`.
  'rooms.list': 10,
  'rooms.create': 3,
  'rooms.join': 3,
  'rooms.watch': 3,
  'rooms.leave': 3,
  'rooms.ready': 2,
  'rooms.start': 6,
  // One that completes a match makes the room and starts the game as well.
  'match.find': 8,
  'match.cancel': 2,
} as const satisfies Record<OperationName, number>;

/** `rooms.list` with a cursor. */
const FURTHER_PAGE_PRICE = 16;
/** Of so many rooms; where `ROOMS_LISTED_MAX` is more, the prices grow with it. */
const PAGE_ROOMS = 100;

/** A login or resume, and the end of the session: both happen once for a connection. */
export const HELLO_PRICE = 6;

/** What one message may cost Redis, in commands, those within scripts counted: `rooms.list` the most, and of its cheapest kind. */
export const REDIS_COMMANDS_PER_MESSAGE = 12;

/** Undefined: players have no such operation. Patterns between servers are not for players, whatever they guess. */
export function priceOf(operation: string, data: unknown, roomsListedMax: number): number | undefined {
  if (!Object.hasOwn(OPERATION_PRICES, operation)) return undefined;
  const price = OPERATION_PRICES[operation as OperationName];
  if (operation !== 'rooms.list') return price;
  const isFurther = (data as { cursor?: unknown } | null | undefined)?.cursor !== undefined;
  return Math.ceil((isFurther ? FURTHER_PAGE_PRICE : price) * Math.max(1, roomsListedMax / PAGE_ROOMS));
}
