import { Injectable } from '@nestjs/common';
import { FleetLinks } from '#libs/fleet';
import { type Control, HoldfastError, type RoomId, type ServerId } from '#libs/protocol';
import { RoomLog, type RoomOwnership, type Tenure } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { ROOM_REQUEST_MS } from './admin.options.js';
import { RoomReader } from './room-reader.js';
import { ServerReader } from './server-reader.js';

/** Carries out an operator's requests about rooms in play. The owner does the work; a game without an owner is ended in the store. */
@Injectable()
export class RoomOperations {
  constructor(
    private readonly rooms: RoomReader,
    private readonly servers: ServerReader,
    private readonly links: FleetLinks,
    private readonly roomLog: RoomLog,
    private readonly log: Log,
  ) {}

  async migrate(room: RoomId, to: string | undefined): Promise<{ room: RoomId; from: ServerId; to: ServerId }> {
    const owner = await this.ownerOf(room);
    const target = to === undefined ? undefined : this.servers.record(to);
    if (target && target.type !== 'game') throw new HoldfastError('bad-data', `${target.id} is a ${target.type} and runs no games.`);
    if (target?.id === owner.server) throw new HoldfastError('bad-data', `The room is on ${target.id} already.`);
    const answer = await this.ask(owner, 'room.migrate', { room, ...(target && { to: target.id }) });
    this.log.info('room.moved-by-operator', { roomId: room, from: owner.server, to: answer.to });
    return { room, from: owner.server, to: answer.to };
  }

  /**
   * Ends the game of a room, whether it has an owner or not: one that waits for a server, or that no server can take, too.
   * Throws `room-not-playing`, `room-unknown`, or `moved` when the room kept changing hands meanwhile.
   */
  async end(room: RoomId, note: string | undefined): Promise<void> {
    const result = { reason: 'operator' as const, ...(note !== undefined && { result: { note } }) };
    for (let attempt = 0; attempt < END_ATTEMPTS_MAX; attempt++) {
      const owner = await this.ownerOf(room);
      try {
        await this.ask(owner, 'room.end', { room, result });
      } catch (error) {
        if (!(error instanceof HoldfastError) || !WITHOUT_OWNER.includes(error.code)) throw error;
        // In this epoch only: a server that took the room meanwhile is asked instead.
        if (!(await this.roomLog.abandon(room, owner, result))) continue;
      }
      this.log.info('room.ended-by-operator', { roomId: room, owner: owner.server });
      return;
    }
    throw new HoldfastError('moved', 'The room changed hands while it was to be ended; try again.');
  }

  private async ownerOf(room: RoomId): Promise<Tenure> {
    const { status, owner, epoch } = await this.rooms.record(room);
    if (status !== 'playing' || !owner) throw new HoldfastError('room-not-playing');
    return { ...owner, epoch };
  }

  private async ask<Pattern extends 'room.migrate' | 'room.end'>(
    { server, incarnation }: RoomOwnership,
    pattern: Pattern,
    data: Control[Pattern]['data'],
  ): Promise<Control[Pattern]['answer']> {
    const record = await this.servers.fresh(server);
    if (record.incarnation !== incarnation || record.state === 'dead')
      throw new HoldfastError('server-lost', `${server}, which had the room, is gone; the room is being recovered.`);
    const peer = await this.links.to(record);
    return (await peer.request(pattern, data, { timeoutMs: ROOM_REQUEST_MS })) as Control[Pattern]['answer'];
  }
}

/** The codes that say that the server named by the record is gone, or does not have the room. */
const WITHOUT_OWNER = ['server-lost', 'not-found', 'room-unknown'];
const END_ATTEMPTS_MAX = 3;
