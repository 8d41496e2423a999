import { Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { MemberPresence } from '#libs/lobby';
import type { Control } from '#libs/protocol';
import { FallbackInterceptor, SettledGuard } from '#libs/settlement';

/** Receives the reports of gateways about the connections of room members. */
@Controller()
@UseGuards(SettledGuard)
@UseInterceptors(FallbackInterceptor)
export class MemberController {
  constructor(private readonly members: MemberPresence) {}

  @EventPattern('member.presence')
  async presence(@Payload() { room, user, here, asked, claims }: Control['member.presence']['data']): Promise<void> {
    await this.members.set(room, user, here, asked, claims);
  }

  @MessagePattern('users.away')
  async away(@Payload() { users, turns }: Control['users.away']['data']): Promise<null> {
    await Promise.all(users.map((user, index) => this.members.away(user, turns?.[index])));
    return null;
  }

  @MessagePattern('user.gone')
  async departed(@Payload() { user, asked, room }: Control['user.gone']['data']): Promise<null> {
    await this.members.depart(user, asked, room && { room: room.id, watching: room.watching });
    return null;
  }

  @EventPattern('member.gone')
  async gone(@Payload() { room, user, asked }: Control['member.gone']['data']): Promise<void> {
    await this.members.gone(room, user, asked);
  }
}
