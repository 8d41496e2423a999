import { Injectable } from '@nestjs/common';
import { Extension } from '#libs/extension';
import { PlacementStrategy, type RoomWish, type ServerFacts } from '#libs/placement';

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
