import { Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { GameCatalogue, GameStarter, MatchQueue, RoomList, RoomService } from '#libs/lobby';
import { LoadBalancerService } from '#libs/placement';
import type { OperationName, Operations, PlayerAnswer } from '#libs/protocol';
import { type RoomRecord, viewOf } from '#libs/room-store';
import { FallbackInterceptor, SettledGuard } from '#libs/settlement';
import { OPERATION_SCHEMAS } from './operation-schemas.js';
import { PlayerRequestPipe, type ValidRequest } from './player-request.pipe.js';

const validated = (operation: OperationName): PlayerRequestPipe => new PlayerRequestPipe(OPERATION_SCHEMAS[operation]);

/** Requests of players about rooms. The load balancer is injected here, because it places the room of a start. */
@Controller()
@UseGuards(SettledGuard)
@UseInterceptors(FallbackInterceptor)
export class RoomController {
  constructor(
    private readonly rooms: RoomService,
    private readonly list: RoomList,
    private readonly starter: GameStarter,
    private readonly balancer: LoadBalancerService,
    private readonly games: GameCatalogue,
    private readonly matches: MatchQueue,
  ) {}

  @MessagePattern('games.list')
  listGames(): PlayerAnswer {
    return answer<'games.list'>({ games: this.games.all() });
  }

  @MessagePattern('rooms.list')
  async listRooms(@Payload(validated('rooms.list')) { data }: ValidRequest<'rooms.list'>): Promise<PlayerAnswer> {
    return answer<'rooms.list'>(await this.list.page(data));
  }

  @MessagePattern('rooms.create')
  async create(@Payload(validated('rooms.create')) { caller, data }: ValidRequest<'rooms.create'>): Promise<PlayerAnswer> {
    return inRoom(await this.rooms.create(caller, data), false);
  }

  @MessagePattern('rooms.join')
  async join(@Payload(validated('rooms.join')) { caller, data }: ValidRequest<'rooms.join'>): Promise<PlayerAnswer> {
    return inRoom(await this.rooms.join(caller, data.room!), false);
  }

  @MessagePattern('rooms.watch')
  async watch(@Payload(validated('rooms.watch')) { caller, data }: ValidRequest<'rooms.watch'>): Promise<PlayerAnswer> {
    return inRoom(await this.rooms.watch(caller, data.room!), true);
  }

  @MessagePattern('rooms.leave')
  async leave(@Payload(validated('rooms.leave')) { caller }: ValidRequest<'rooms.leave'>): Promise<PlayerAnswer> {
    return { data: { left: await this.rooms.leave(caller) }, binding: null };
  }

  @MessagePattern('rooms.ready')
  async ready(@Payload(validated('rooms.ready')) { caller, data }: ValidRequest<'rooms.ready'>): Promise<PlayerAnswer> {
    return answer<'rooms.ready'>({ room: viewOf(await this.rooms.setReady(caller, data?.ready ?? true)) });
  }

  @MessagePattern('rooms.start')
  async start(@Payload(validated('rooms.start')) { caller, data }: ValidRequest<'rooms.start'>): Promise<PlayerAnswer> {
    const room = await this.rooms.roomOf(caller);
    const stillWanted = () => this.rooms.refuseLate(caller);
    const started = await this.starter.start(room, caller.user, this.balancer, { waitMs: data?.waitMs, stillWanted });
    return answer<'rooms.start'>({ room: viewOf(started) });
  }

  @MessagePattern('rooms.cancelStart')
  async cancelStart(@Payload(validated('rooms.cancelStart')) { caller }: ValidRequest<'rooms.cancelStart'>): Promise<PlayerAnswer> {
    return answer<'rooms.cancelStart'>({ room: viewOf(await this.starter.cancel(caller, this.balancer)) });
  }

  @MessagePattern('me')
  async me(@Payload(validated('me')) { caller }: ValidRequest<'me'>): Promise<PlayerAnswer> {
    const [where, searching] = await Promise.all([this.rooms.whereIs(caller.user), this.matches.gameOf(caller.user)]);
    const { user, name, session } = caller;
    return answer<'me'>({ user, name, session, room: where ? viewOf(where.record) : null, watching: where?.watching ?? false, searching });
  }
}

function answer<Name extends OperationName>(data: Operations[Name]['result']): PlayerAnswer {
  return { data };
}

function inRoom(record: RoomRecord, watching: boolean): PlayerAnswer {
  return { data: { room: viewOf(record) }, binding: { room: record.id, watching, rev: record.rev } };
}
