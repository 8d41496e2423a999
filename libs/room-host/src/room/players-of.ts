import type { RoomPlayerInfo } from '#libs/protocol';
import type { RoomValue } from '#libs/room';

/** Returns the players of a game in the form of the messages `placed` and `players`. */
export function playersOf({ seats }: Pick<RoomValue, 'seats'>): RoomPlayerInfo[] {
  return seats.map(({ name, bot, team }, seat) => ({ seat, name, ...(bot && { bot }), ...(team !== undefined && { team }) }));
}
