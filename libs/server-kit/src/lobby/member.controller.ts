import { Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { RoomService } from '#libs/lobby';
import type { Control } from '#libs/protocol';
import { FallbackInterceptor, SettledGuard } from '#libs/settlement';

/** Receives the reports of gateways about the connections of room members. */
@Controller()
@UseGuards(SettledGuard)
@UseInterceptors(FallbackInterceptor)
export class MemberController {
  constructor(private readonly rooms: RoomService) {}

  @EventPattern('member.presence')
  async presence(@Payload() { room, user, here, asked, claims }: Control['member.presence']['data']): Promise<void> {
    await this.rooms.setPresence(room, user, here, asked, claims);
  }

  @MessagePattern('users.away')
  async away(@Payload() { users, turns }: Control['users.away']['data']): Promise<null> {
    await Promise.all(users.map((user, index) => this.rooms.away(user, turns?.[index])));
    return null;
  }

  @MessagePattern('user.gone')
  async departed(@Payload() { user, asked, room }: Control['user.gone']['data']): Promise<null> {
    await this.rooms.depart(user, asked, room && { room: room.id, watching: room.watching });
    return null;
  }

  @EventPattern('member.gone')
  async gone(@Payload() { room, user, asked }: Control['member.gone']['data']): Promise<void> {
    await this.rooms.gone(room, user, asked);
  }
}
