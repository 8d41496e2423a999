import { Injectable } from '@nestjs/common';
import { FleetLinks } from '#libs/fleet';
import { type Control, HoldfastError, type RoomId, type ServerId } from '#libs/protocol';
import type { RoomOwnership } from '#libs/room-store';
import { Log } from '#libs/telemetry';
import { ROOM_REQUEST_MS } from './admin.options.js';
import { RoomReader } from './room-reader.js';
import { ServerReader } from './server-reader.js';

/** What an operator does to rooms in play: asked of the owner, since only an owner may. */
@Injectable()
export class RoomOperations {
  constructor(
    private readonly rooms: RoomReader,
    private readonly servers: ServerReader,
    private readonly links: FleetLinks,
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

  async end(room: RoomId, note: string | undefined): Promise<void> {
    const owner = await this.ownerOf(room);
    await this.ask(owner, 'room.end', { room, result: { reason: 'operator', ...(note !== undefined && { result: { note } }) } });
    this.log.info('room.ended-by-operator', { roomId: room, owner: owner.server });
  }

  private async ownerOf(room: RoomId): Promise<RoomOwnership> {
    const { status, owner } = await this.rooms.record(room);
    if (status !== 'playing' || !owner) throw new HoldfastError('room-not-playing');
    return owner;
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
