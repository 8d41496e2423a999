import { Inject, Injectable, Optional } from '@nestjs/common';
import { FleetLinks } from '#libs/fleet';
import { type Control, HoldfastError, type RoomId, type ServerId } from '#libs/protocol';
import { RoomLog, type RoomOwnership, RoomRecords, type Tenure } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { Tracer, traced } from '#libs/tracing';
import { ROOM_REQUEST_MS } from './admin.options.js';
import { ServerReader } from './server-reader.js';

/**
 * Executes an operator's requests about rooms in play. Sends each request to the owner of the room. Ends the game of a room without an
 * owner directly in Redis.
 */
@Injectable()
export class RoomOperations {
  constructor(
    private readonly records: RoomRecords,
    private readonly servers: ServerReader,
    private readonly links: FleetLinks,
    private readonly roomLog: RoomLog,
    private readonly log: Log,
    @Optional() @Inject(Tracer) private readonly tracer: Tracer | null = null,
  ) {}

  migrate(room: RoomId, to: string | undefined): Promise<{ room: RoomId; from: ServerId; to: ServerId }> {
    return traced(this.tracer, 'room.move', { 'holdfast.room': room }, () => this.migrateNow(room, to));
  }

  private async migrateNow(room: RoomId, to: string | undefined): Promise<{ room: RoomId; from: ServerId; to: ServerId }> {
    const owner = await this.ownerOf(room);
    const target = to === undefined ? undefined : this.servers.record(to);
    if (target && target.type !== 'game')
      throw new HoldfastError('bad-data', `${target.id} is a ${target.type}. Only game servers can run a room.`);
    if (target?.id === owner.server) throw new HoldfastError('bad-data', `The room is already on ${target.id}.`);
    const answer = await this.ask(owner, 'room.migrate', { room, ...(target && { to: target.id }) });
    this.log.info('room.moved-by-operator', { roomId: room, from: owner.server, to: answer.to });
    return { room, from: owner.server, to: answer.to };
  }

  /**
   * Ends the game of a room, with or without an owner, even when no server can adopt the room.
   *
   * @param round ends the game only if the room still has this number of ended games, so that a late request ends no later game
   * @throws `room-unknown`; `room-not-playing`, also when the current game is not the game of `round`; `moved` when the room changed its
   * owner during every attempt; any other refusal of the owner
   */
  async end(room: RoomId, { note, round }: { readonly note?: string; readonly round?: number }): Promise<void> {
    const result = { reason: 'operator' as const, ...(note !== undefined && { result: { note } }) };
    for (let attempt = 0; attempt < END_ATTEMPTS_MAX; attempt++) {
      const owner = await this.ownerOf(room, round);
      try {
        await this.ask(owner, 'room.end', { room, result, ...(round !== undefined && { round }) });
      } catch (error) {
        if (!(error instanceof HoldfastError) || !WITHOUT_OWNER.includes(error.code)) throw error;
        // Ends the game only while the room still has this epoch. If another server has adopted the room, the next attempt sends the
        // request to the new owner.
        if (!(await this.roomLog.abandon(room, owner, result))) continue;
      }
      this.log.info('room.ended-by-operator', { roomId: room, owner: owner.server });
      return;
    }
    throw new HoldfastError('moved', 'The room changed its owner during the request. Try again.');
  }

  private async ownerOf(room: RoomId, round?: number): Promise<Tenure> {
    const { status, owner, epoch, round: current } = await this.records.mustRead(room);
    if (status !== 'playing' || !owner) throw new HoldfastError('room-not-playing');
    if (round !== undefined && round !== current)
      throw new HoldfastError('room-not-playing', `Game ${round} of the room is not playing. The room plays game ${current} now.`);
    return { ...owner, epoch };
  }

  private async ask<Pattern extends 'room.migrate' | 'room.end'>(
    { server, incarnation }: RoomOwnership,
    pattern: Pattern,
    data: Control[Pattern]['data'],
  ): Promise<Control[Pattern]['answer']> {
    const record = await this.servers.fresh(server);
    if (record.incarnation !== incarnation || record.state === 'dead')
      throw new HoldfastError('server-lost', `${server}, the owner of the room, is gone. The room is being recovered.`);
    const peer = await this.links.to(record);
    return (await peer.request(pattern, data, { timeoutMs: ROOM_REQUEST_MS })) as Control[Pattern]['answer'];
  }
}

/** Codes of refusals that mean that the room has no owner. */
const WITHOUT_OWNER = ['server-lost', 'not-found', 'room-unknown'];
const END_ATTEMPTS_MAX = 3;
