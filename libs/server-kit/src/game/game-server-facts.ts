import { Inject, Injectable } from '@nestjs/common';
import { Extension } from '#libs/extension';
import { type FactsOfServer, HealthFacts } from '#libs/health';
import { HostedRooms, ROOM_HOST_OPTIONS, type RoomHostOptions } from '#libs/room-host';

@Injectable()
@Extension(HealthFacts)
export class GameServerFacts extends HealthFacts {
  constructor(
    private readonly rooms: HostedRooms,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
  ) {
    super();
  }

  override facts(): FactsOfServer {
    return { rooms: this.rooms.size, players: this.rooms.players, capacity: this.options.roomsMax };
  }
}
