import { Extension, PlacementStrategy, type ServerFacts } from '@holdfast/server/ports';
import { Injectable } from '@nestjs/common';

/** Gives the next room to the server with the fewest players and rooms together. */
@Injectable()
@Extension(PlacementStrategy)
export class EvenLoad extends PlacementStrategy {
  readonly takes = 'lowest';

  override score({ rooms, players }: ServerFacts): number {
    return rooms + players;
  }
}
