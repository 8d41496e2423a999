import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { GatewayReach, Self } from '#libs/fleet';
import type { LinkPeer } from '#libs/link';
import { PlacementPool } from '#libs/placement';
import { type Control, HoldfastError } from '#libs/protocol';
import {
  HostedRooms,
  PendingAttachments,
  RoomEngine,
  RoomLoader,
  RoomMigrator,
  RoomOptionsValidator,
  SeatReconciler,
} from '#libs/room-host';

type Data<Pattern extends keyof Control> = Control[Pattern]['data'];
type Answer<Pattern extends keyof Control> = Promise<Control[Pattern]['answer']>;

/**
 * Time limit for an operator's drain, in ms. Rooms that have not migrated within this time remain on this server, and the answer contains
 * their number.
 */
const OPERATOR_DRAIN_MS = 60_000;

/** Serves the requests of other servers about the rooms of this server. */
@Controller()
export class HostedRoomsController {
  constructor(
    private readonly loader: RoomLoader,
    private readonly attachments: PendingAttachments,
    private readonly rooms: HostedRooms,
    private readonly engine: RoomEngine,
    private readonly migrator: RoomMigrator,
    private readonly pool: PlacementPool,
    private readonly self: Self,
    private readonly reach: GatewayReach,
    private readonly optionsValidator: RoomOptionsValidator,
    private readonly seats: SeatReconciler,
  ) {}

  @MessagePattern('room.open')
  async open(@Payload() request: Data<'room.open'>): Answer<'room.open'> {
    // Refuses the start when most gateways cannot reach this server, even if the lobby can reach it, because most players would miss the
    // game.
    if (this.reach.isCutOff) throw new HoldfastError('unavailable', `Most gateways cannot reach ${this.self.id}. Ask another server.`);
    return this.loader.open(request);
  }

  @MessagePattern('game.check-options')
  async checkOptions(@Payload() { game, options }: Data<'game.check-options'>): Answer<'game.check-options'> {
    return { flaw: this.optionsValidator.flawOf(game, options) };
  }

  @EventPattern('room.attach')
  attach(@Payload() event: Data<'room.attach'>, @Ctx() peer: unknown): void {
    this.attachments.attach(peer as LinkPeer, event);
  }

  @EventPattern('room.detach')
  detach(@Payload() event: Data<'room.detach'>, @Ctx() peer: unknown): void {
    this.attachments.detach(peer as LinkPeer, event);
  }

  @EventPattern('room.members-removed')
  async membersRemoved(@Payload() { room: id }: Data<'room.members-removed'>): Promise<void> {
    const room = this.rooms.get(id);
    if (room) await this.seats.reconcile(room);
  }

  @MessagePattern('room.adopt')
  async adopt(@Payload() { rooms }: Data<'room.adopt'>): Answer<'room.adopt'> {
    return { results: await this.loader.adopt(rooms) };
  }

  @MessagePattern('room.load')
  async load(@Payload() { rooms }: Data<'room.load'>): Answer<'room.load'> {
    return { results: await this.loader.load(rooms) };
  }

  @MessagePattern('room.migrate')
  async migrate(@Payload() { room, to }: Data<'room.migrate'>): Answer<'room.migrate'> {
    return { to: await this.migrator.migrate(room, to) };
  }

  @MessagePattern('room.end')
  async end(@Payload() { room: id, result, round }: Data<'room.end'>): Answer<'room.end'> {
    const room = this.rooms.get(id);
    if (!room) throw new HoldfastError('room-unknown');
    if (round !== undefined && round !== room.round)
      throw new HoldfastError('room-not-playing', `Game ${round} of the room is not playing. The room plays game ${room.round} now.`);
    const outcome = this.engine.input(room, { kind: 'end', result });
    if (outcome.kind === 'refused' && outcome.code === 'moved') throw new HoldfastError('moved');
    return null;
  }

  @MessagePattern('server.drain')
  async drain(): Answer<'server.drain'> {
    const { id, incarnation } = this.self;
    await this.pool.withhold(id, 'draining', incarnation);
    return this.migrator.drain(OPERATOR_DRAIN_MS, 'drained');
  }

  @MessagePattern('server.reopen')
  async reopen(): Answer<'server.reopen'> {
    const { id, incarnation } = this.self;
    if (!this.migrator.reopen()) throw new HoldfastError('server-lost', `${id} is shutting down and takes no more rooms.`);
    await this.pool.readmit(id, 'draining', incarnation);
    return null;
  }
}
