import type { OperationName } from '#libs/protocol';
import { type EdgeOptions, OPERATIONS_BURST_MIN } from '../edge.options.js';

/**
 * The price of each operation, in messages. The limits of a connection and of an address (`MESSAGES_PER_SECOND`, `CONNECTIONS_PER_ADDRESS`)
 * count an operation as this number of messages. The price covers the maximum work of Redis and a lobby. `test/prices.spec.ts` measures
 * this work and checks each price against `REDIS_COMMANDS_PER_MESSAGE`.
 */
export const OPERATION_PRICES = {
  'games.list': 1,
  me: 1,
  // The price of the first page, which a lobby reads once for all players who request it. For further pages, see `FURTHER_PAGE_PRICE`.
  'rooms.list': 10,
  'rooms.create': 3,
  'rooms.join': 3,
  'rooms.watch': 3,
  'rooms.leave': 3,
  'rooms.ready': 2,
  'rooms.unsubscribe': 1,
  'rooms.update': 3,
  'rooms.host': 2,
  'rooms.kick': 4,
  'rooms.unban': 2,
  'rooms.team': 2,
  'rooms.balance': 2,
  // Includes the start of the game, because the request of the last member who agrees to a rematch also starts the game.
  'rooms.rematch': 8,
  'rooms.start': 6,
  'rooms.cancelStart': 3,
  // Includes the creation of a room and the start of a game, because the search that completes a match causes both.
  'match.find': 8,
  'match.cancel': 2,
  // The last acceptance creates the room and starts the game, so an acceptance has the price of a search.
  'match.accept': 8,
  'match.decline': 3,
  'match.status': 2,
  'chat.send': 3,
  'chat.history': 2,
  'chat.mute': 2,
} as const satisfies Record<OperationName, number>;

/**
 * The price of `rooms.list` with a cursor, a filter or a sort. A lobby reads the rooms of a game once for all lists with a filter or a
 * sort, at most twice a second.
 */
const FURTHER_PAGE_PRICE = 16;
/**
 * Number of rooms in one page for which the prices of `rooms.list` are valid. If `ROOMS_LISTED_MAX` is higher, the prices grow in
 * proportion.
 */
const PAGE_ROOMS = 100;

/**
 * The price of a hello, in messages. The price includes the end of a session, because a connection has at most one hello and ends at most
 * one session.
 */
export const HELLO_PRICE = 6;

/**
 * Maximum number of Redis commands that one message may cause, including commands inside scripts. `rooms.list` causes the most commands,
 * but all of them are cheap reads.
 */
export const REDIS_COMMANDS_PER_MESSAGE = 12;

/**
 * Returns the price of an operation in messages. Undefined: players have no operation of this name. Operations between servers have no
 * price, so that players cannot send them.
 */
export function priceOf(operation: string, data: unknown, roomsListedMax: number): number | undefined {
  if (!Object.hasOwn(OPERATION_PRICES, operation)) return undefined;
  const price = OPERATION_PRICES[operation as OperationName];
  if (operation !== 'rooms.list') return price;
  const { cursor, filter, sort } = (data ?? {}) as { readonly cursor?: unknown; readonly filter?: unknown; readonly sort?: unknown };
  const isFurther = (cursor ?? filter ?? sort) !== undefined;
  return Math.ceil((isFurther ? FURTHER_PAGE_PRICE : price) * Math.max(1, roomsListedMax / PAGE_ROOMS));
}

/** Limits a price to a whole burst, because no client could ever pay a higher price. */
export function chargeable(price: number, { messagesBurst }: Pick<EdgeOptions, 'messagesBurst'>): number {
  return Math.min(price, messagesBurst, OPERATIONS_BURST_MIN);
}
