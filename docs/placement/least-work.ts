import { Extension, PlacementStrategy, type RoomWish, type ServerFacts } from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';

/** Cost of a room without players, as a number of players. */
const ROOM_COST = 2;

/** Gives every server the same work when rooms differ in size and an empty room costs something, too. */
@Injectable()
@Extension(PlacementStrategy)
export class LeastWork extends PlacementStrategy {
  readonly takes = 'lowest';

  score({ rooms, players }: ServerFacts): number {
    return ROOM_COST * rooms + players;
  }

  override weight({ players = 1 }: RoomWish): number {
    return ROOM_COST + players;
  }
}
