import { Inject, Injectable } from '@nestjs/common';
import { type FactsOfServer, HealthFacts, HealthPort } from '#libs/health';
import { HostedRooms, ROOM_HOST_OPTIONS, type RoomHostOptions } from '#libs/room-host';

@Injectable()
@HealthPort(HealthFacts)
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
