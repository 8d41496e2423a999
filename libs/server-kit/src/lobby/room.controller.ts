import { Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { GameCatalogue, GameStarter, RoomHosting, RoomList, RoomSearch, RoomService, UserTickets } from '#libs/lobby';
import { LoadBalancerService } from '#libs/placement';
import type { Control, OperationName, Operations, PlayerAnswer } from '#libs/protocol';
import { type RoomRecord, viewOf } from '#libs/room-store';
import { FallbackInterceptor, SettledGuard } from '#libs/settlement';
import { OPERATION_SCHEMAS } from './operation-schemas.js';
import { PlayerRequestPipe, type ValidRequest } from './player-request.pipe.js';

const validated = (operation: OperationName): PlayerRequestPipe => new PlayerRequestPipe(OPERATION_SCHEMAS[operation]);

/** Serves the requests of players about rooms. `LoadBalancerService` chooses the server on which a game starts. */
@Controller()
@UseGuards(SettledGuard)
@UseInterceptors(FallbackInterceptor)
export class RoomController {
  constructor(
    private readonly rooms: RoomService,
    private readonly hosting: RoomHosting,
    private readonly list: RoomList,
    private readonly search: RoomSearch,
    private readonly starter: GameStarter,
    private readonly balancer: LoadBalancerService,
    private readonly games: GameCatalogue,
    private readonly tickets: UserTickets,
  ) {}

  @MessagePattern('games.list')
  listGames(): PlayerAnswer {
    return answer<'games.list'>({ games: this.games.all() });
  }

  @MessagePattern('rooms.list')
  async listRooms(@Payload(validated('rooms.list')) { data }: ValidRequest<'rooms.list'>): Promise<PlayerAnswer> {
    const page = answer<'rooms.list'>(await this.list.page(data));
    if (!data?.subscribe) return page;
    const { subscribe, cursor, ...query } = data;
    return { ...page, follow: query };
  }

  @MessagePattern('lists.read')
  async readLists(@Payload() { queries }: Control['lists.read']['data']): Promise<Control['lists.read']['answer']> {
    return { lists: await this.search.follow(queries) };
  }

  @MessagePattern('rooms.create')
  async create(@Payload(validated('rooms.create')) { caller, data }: ValidRequest<'rooms.create'>): Promise<PlayerAnswer> {
    return inRoom(await this.rooms.create(caller, data), false);
  }

  @MessagePattern('rooms.join')
  async join(@Payload(validated('rooms.join')) { caller, data }: ValidRequest<'rooms.join'>): Promise<PlayerAnswer> {
    const { id, shown } = await this.rooms.find(data);
    return inRoom(await this.rooms.join(caller, id, shown), false);
  }

  @MessagePattern('rooms.watch')
  async watch(@Payload(validated('rooms.watch')) { caller, data }: ValidRequest<'rooms.watch'>): Promise<PlayerAnswer> {
    const { id, shown } = await this.rooms.find(data);
    return inRoom(await this.rooms.watch(caller, id, shown), true);
  }

  @MessagePattern('rooms.leave')
  async leave(@Payload(validated('rooms.leave')) { caller }: ValidRequest<'rooms.leave'>): Promise<PlayerAnswer> {
    return { data: { left: await this.rooms.leave(caller) }, binding: null };
  }

  @MessagePattern('rooms.ready')
  async ready(@Payload(validated('rooms.ready')) { caller, data }: ValidRequest<'rooms.ready'>): Promise<PlayerAnswer> {
    return answer<'rooms.ready'>({ room: viewOf(await this.rooms.setReady(caller, data?.ready ?? true)) });
  }

  @MessagePattern('rooms.update')
  async update(@Payload(validated('rooms.update')) { caller, data }: ValidRequest<'rooms.update'>): Promise<PlayerAnswer> {
    return answer<'rooms.update'>({ room: viewOf(await this.hosting.update(caller, data)) });
  }

  @MessagePattern('rooms.host')
  async host(@Payload(validated('rooms.host')) { caller, data }: ValidRequest<'rooms.host'>): Promise<PlayerAnswer> {
    return answer<'rooms.host'>({ room: viewOf(await this.hosting.handOver(caller, data)) });
  }

  @MessagePattern('rooms.kick')
  async kick(@Payload(validated('rooms.kick')) { caller, data }: ValidRequest<'rooms.kick'>): Promise<PlayerAnswer> {
    return answer<'rooms.kick'>({ room: viewOf(await this.hosting.kick(caller, data)) });
  }

  @MessagePattern('rooms.unban')
  async unban(@Payload(validated('rooms.unban')) { caller, data }: ValidRequest<'rooms.unban'>): Promise<PlayerAnswer> {
    return answer<'rooms.unban'>({ room: viewOf(await this.hosting.unban(caller, data)) });
  }

  @MessagePattern('rooms.team')
  async team(@Payload(validated('rooms.team')) { caller, data }: ValidRequest<'rooms.team'>): Promise<PlayerAnswer> {
    return answer<'rooms.team'>({ room: viewOf(await this.hosting.moveToTeam(caller, data)) });
  }

  @MessagePattern('rooms.balance')
  async balance(@Payload(validated('rooms.balance')) { caller }: ValidRequest<'rooms.balance'>): Promise<PlayerAnswer> {
    return answer<'rooms.balance'>({ room: viewOf(await this.hosting.balance(caller)) });
  }

  @MessagePattern('rooms.rematch')
  async rematch(@Payload(validated('rooms.rematch')) { caller }: ValidRequest<'rooms.rematch'>): Promise<PlayerAnswer> {
    return answer<'rooms.rematch'>({ room: viewOf(await this.starter.rematch(caller, this.balancer)) });
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
    const [where, searching] = await Promise.all([this.rooms.whereIs(caller.user), this.tickets.gameOf(caller.user)]);
    const { user, name, session } = caller;
    return answer<'me'>({
      user,
      name,
      session,
      room: where ? viewOf(where.record, roleOf(where.watching)) : null,
      watching: where?.watching ?? false,
      searching,
    });
  }
}

function answer<Name extends OperationName>(data: Operations[Name]['result']): PlayerAnswer {
  return { data };
}

function inRoom(record: RoomRecord, watching: boolean): PlayerAnswer {
  return { data: { room: viewOf(record, roleOf(watching)) }, binding: { room: record.id, watching, rev: record.rev } };
}

function roleOf(watching: boolean): 'member' | 'spectator' {
  return watching ? 'spectator' : 'member';
}
