import { Injectable } from '@nestjs/common';
import { PlacementStrategy, type RoomWish, type ServerFacts } from '#libs/placement';

/** What a room costs however few play in it, in players. */
const ROOM_COST = 2;

/** Every server the same work, where rooms differ in size and an empty one costs something, too. */
@Injectable()
export class LeastWork extends PlacementStrategy {
  readonly takes = 'lowest';

  score({ rooms, players }: ServerFacts): number {
    return ROOM_COST * rooms + players;
  }

  override weight({ players = 1 }: RoomWish): number {
    return ROOM_COST + players;
  }
}
