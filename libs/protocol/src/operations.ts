import type { RoomId, UserId } from './ids.js';
import type { RoomView } from './messages.js';

export interface GameInfo {
  name: string;
  /** Fewest and most players. */
  seats: { min: number; max: number };
}

export interface RoomSummary {
  id: RoomId;
  game: string;
  name: string;
  status: RoomView['status'];
  players: number;
  seats: number;
  /** Where its game is to run; absent: anywhere. */
  region?: string;
}

/** What each operation takes and gives; the lobby's schemas are held to it by `satisfies`. */
export interface Operations {
  'games.list': { data: undefined; result: { games: GameInfo[] } };
  /**
   * Public rooms, newest first. `cursor`: the `next` of the answer before, for the page after it; an answer without `next` is
   * the last. A page may hold fewer rooms than `limit` although more follow.
   */
  'rooms.list': {
    data: { game?: string; limit?: number; cursor?: string } | undefined;
    result: { rooms: RoomSummary[]; next?: string };
  };
  /**
   * `seats`: how many may play, within the game's own limits. A private room is not listed and not matched. `region`,
   * `build`: only on servers of these; without a region, first on those of the gateway's own.
   */
  'rooms.create': {
    data: { game: string; name?: string; seats?: number; private?: boolean; region?: string; build?: string };
    result: { room: RoomView };
  };
  'rooms.join': { data: { room: RoomId }; result: { room: RoomView } };
  'rooms.watch': { data: { room: RoomId }; result: { room: RoomView } };
  'rooms.leave': { data: undefined; result: { left: RoomId } };
  'rooms.ready': { data: { ready: boolean } | undefined; result: { room: RoomView } };
  /** `waitMs`: how long to wait for capacity before `no-capacity`. */
  'rooms.start': { data: { waitMs?: number } | undefined; result: { room: RoomView } };
  /**
   * Either a partner was waiting (`room`), or this player waits now and will be told by a `room` message. `region`: where
   * the game is to run if it can; of those matched, the one who waited longest says.
   */
  'match.find': { data: { game: string; region?: string }; result: { room: RoomView } | { waiting: true } };
  'match.cancel': { data: undefined; result: { cancelled: boolean } };
  me: {
    data: undefined;
    result: { user: UserId; name: string; session: string; room: RoomView | null; watching: boolean; searching: string | null };
  };
}

export type OperationName = keyof Operations;
