import { Inject, Injectable } from '@nestjs/common';
import { Self } from '#libs/fleet';
import { type Control, HoldfastError, pack } from '#libs/protocol';
import { StoreClock } from '#libs/redis';
import { type RoomMachine, RoomOptionsError } from '#libs/room';
import { type EventTail, logFormatOf, RoomLog, type RoomOwnership, RoomRecords } from '#libs/room-store';
import { SETTLE_WAIT_MS, StoreSettlement } from '#libs/settlement';
import { describeThrown, Log } from '#libs/telemetry';
import { type GuardedMachine, HANDLER } from '../room/guarded-machine.js';
import { HostedRoom } from '../room/hosted-room.js';
import { logGameFailure } from '../room/log-game-failure.js';
import { MachineFactory } from '../room/machine-factory.js';
import { RecentChanges } from '../room/recent-changes.js';
import { RoomTime } from '../room/room-time.js';
import { ROOM_HOST_OPTIONS, type RoomHostOptions } from '../room-host.options.js';
import { GameLoads } from './game-loads.js';
import { ownershipOf } from './own-incarnation.js';

type OpenRequest = Control['room.open']['data'];

/** A room whose game has just been set up and stored. */
export interface OpenedRoom {
  readonly room: HostedRoom;
  /**
   * The message about the start of the game, as the store published it. Absent: an earlier request has opened the room, and the answer to
   * that request was lost.
   */
  readonly news?: string;
}

/** Sets up the game of a room that a lobby starts, and makes this server its owner in the store. */
@Injectable()
export class RoomOpener {
  constructor(
    private readonly machines: MachineFactory,
    private readonly roomLog: RoomLog,
    private readonly records: RoomRecords,
    private readonly settlement: StoreSettlement,
    private readonly clock: StoreClock,
    private readonly self: Self,
    private readonly log: Log,
    @Inject(ROOM_HOST_OPTIONS) private readonly options: RoomHostOptions,
    private readonly loads: GameLoads,
  ) {}

  /**
   * Loads the data of the game, sets the game up, and stores the room with this server as its owner.
   * @throws `unknown-game` when this server does not have the game; `game-failed` or `state-too-large` from the setup; `bad-data` for
   * refused options; the refusals of `GameLoads.load`; `room-unknown` when the record names another start or no start
   */
  async open(request: OpenRequest): Promise<OpenedRoom> {
    const { room: id, game, start } = request;
    // Waits until the store is settled. In a store that fell back, the record can name the start of a game that has already begun or ended,
    // and this server would set that game up again.
    await this.settlement.whenSettled(SETTLE_WAIT_MS);
    const time = new RoomTime(this.clock);
    const machine = this.machines.make(game, time, id, { start });
    try {
      const loaded = await this.loads.load(machine, request);
      return await this.openWith(machine, time, request, ownershipOf(this.self), loaded);
    } catch (error) {
      machine.dispose();
      throw error;
    }
  }

  private async openWith(
    machine: GuardedMachine,
    time: RoomTime,
    request: OpenRequest,
    owner: RoomOwnership,
    loaded: unknown,
  ): Promise<OpenedRoom> {
    const { room: id, start } = request;
    const { value, events } = this.setUp(machine, request, loaded);
    await this.records.noteOwner([id], owner.server, owner.incarnation);
    const { definition } = machine.rules;
    const { durability } = definition;
    const tail: EventTail = { since: -1, changes: events.length > 0 ? [{ version: 0, events }] : [], shown: [], at: time.now() };
    const stored = durability === 'none' ? null : value;
    const place = await this.roomLog.open(id, start, owner, stored, durability, tail, logFormatOf(definition));
    if (!place) throw new HoldfastError('room-unknown', 'This start of the room is over.');
    const { epoch, doc, rev, round, news } = place;
    machine.opened(epoch);
    const { stateBytesMax } = this.options;
    const room = new HostedRoom(
      machine,
      { ...owner, epoch },
      value,
      { batch: '', doc, rev, start, round, stateBytesMax },
      time,
      new RecentChanges(tail, 0),
    );
    return { room, ...(news !== undefined && { news }) };
  }

  private setUp(
    machine: GuardedMachine,
    { room, players, round, start, options, mode }: OpenRequest,
    loaded: unknown,
  ): ReturnType<RoomMachine['start']> {
    let started: ReturnType<RoomMachine['start']>;
    try {
      started = machine.start(room, players, round, start, options, loaded, mode);
    } catch (error) {
      if (error instanceof RoomOptionsError) throw new HoldfastError('bad-data', `The options of the room are refused: ${error.message}`);
      const game = machine.rules.definition.name;
      logGameFailure(this.log, { roomId: room, game, handler: HANDLER.setup, error: describeThrown(error) });
      throw new HoldfastError('game-failed', 'The game could not be set up.');
    }
    if (pack(started.value).length > this.options.stateBytesMax) throw new HoldfastError('state-too-large');
    return started;
  }
}
