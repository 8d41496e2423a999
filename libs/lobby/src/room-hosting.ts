import { Injectable } from '@nestjs/common';
import { FleetLinks, ServerDirectory } from '#libs/fleet';
import type { Caller, Operations, UserId } from '#libs/protocol';
import { InviteCodes, isMember, type RoomDoc, type RoomRecord, RoomRecords } from '#libs/room-store';
import { handOver, kick, type RoomUpdate, unban, update } from './host-rules.js';
import { RoomOptionsCheck } from './room-options-check.js';
import { hashPassword } from './room-password.js';
import { needsCode, RoomService } from './room-service.js';
import { RoomWriter } from './room-writer.js';
import { balance, moveToTeam } from './team-rules.js';

type Data<Name extends keyof Operations> = Operations[Name]['data'];

/**
 * Executes the operations of the host of a room: changes the room, makes another member the host, removes members, and arranges teams. Each
 * change is a compare-and-set.
 */
@Injectable()
export class RoomHosting {
  constructor(
    private readonly rooms: RoomService,
    private readonly writer: RoomWriter,
    private readonly records: RoomRecords,
    private readonly invites: InviteCodes,
    private readonly optionsCheck: RoomOptionsCheck,
    private readonly directory: ServerDirectory,
    private readonly links: FleetLinks,
  ) {}

  /** @throws the refusals of `update` (host rules), and of `RoomOptionsCheck` */
  async update(caller: Caller, { password, ...change }: Data<'rooms.update'>): Promise<RoomRecord> {
    const before = await this.rooms.roomOf(caller);
    // Checks the rules first, so that for a refused change this method neither hashes a password nor reserves an invite code. A reserved
    // code stays in the store for days.
    update(before, caller.user, change, this.rooms.now());
    if (change.options !== undefined) await this.optionsCheck.refuseFlawed(before.game, change.options);
    const { doc } = before;
    const isCodeMissing =
      !doc.code && needsCode({ private: change.private ?? doc.private, inviteOnly: change.inviteOnly ?? doc.inviteOnly });
    const prepared: RoomUpdate = {
      ...change,
      ...(password !== undefined && { password: password === null ? null : await hashPassword(password) }),
      ...(isCodeMissing && { code: await this.invites.reserve(before.id) }),
    };
    // Adds the room to the index of rooms, which must contain every public room. The index can also contain private rooms, because readers
    // skip them.
    if (change.private === false) await this.records.enlist(before.id, before.game, doc.createdAt);
    const changed = await this.changeRoom(caller, before, (record) => update(record, caller.user, prepared, this.rooms.now()));
    if (changed.doc.private) await this.records.unlist([changed.id], [changed.game]);
    if (prepared.code && changed.doc.code !== prepared.code) await this.invites.release([prepared.code]);
    return changed;
  }

  /** @throws the refusals of `handOver` */
  async handOver(caller: Caller, { user }: Data<'rooms.host'>): Promise<RoomRecord> {
    return this.change(caller, (record) => handOver(record, caller.user, user, this.rooms.now()));
  }

  /**
   * Removes a member, also during a game. The gateway of the member reads the removal from the record. The owner of the game frees the seat
   * when the gateway detaches the player. If the player is away, the owner frees the seat at the event `room.members-removed`.
   *
   * @throws the refusals of `kick`
   */
  async kick(caller: Caller, { user, ban = false }: Data<'rooms.kick'>): Promise<RoomRecord> {
    const before = await this.rooms.roomOf(caller);
    const after = await this.changeRoom(caller, before, (record) => kick(record, caller.user, user, ban, this.rooms.now()));
    // If this lobby dies here, the user's entry in `UserRooms` still names the room. The sweep ignores the entry, which is only a hint.
    if (isMember(before, user)) await this.rooms.forget(after.id, user);
    if (after.status === 'playing') this.notifyOwner(after);
    return after;
  }

  /** @throws the refusals of `unban` */
  async unban(caller: Caller, { user }: Data<'rooms.unban'>): Promise<RoomRecord> {
    return this.change(caller, (record) => unban(record, caller.user, user, this.rooms.now()));
  }

  /** @throws the refusals of `moveToTeam` */
  async moveToTeam(caller: Caller, { team, user = caller.user as UserId }: Data<'rooms.team'>): Promise<RoomRecord> {
    return this.change(caller, (record) => moveToTeam(record, caller.user, team, user, this.rooms.now()));
  }

  /** @throws the refusals of `balance` */
  async balance(caller: Caller): Promise<RoomRecord> {
    return this.change(caller, (record) => balance(record, caller.user, this.rooms.now()));
  }

  /**
   * Notifies the owner of a game that members were removed. If this message is lost, the owner reads the record at the end of the grace.
   */
  notifyOwner({ id, owner }: RoomRecord): void {
    const server = owner && this.directory.get(owner.server);
    if (!server) return;
    void this.links
      .to(server)
      .then((peer) => peer.emit('room.members-removed', { room: id }))
      .catch(() => {});
  }

  private async change(caller: Caller, rule: (record: RoomRecord) => RoomDoc): Promise<RoomRecord> {
    return this.changeRoom(caller, await this.rooms.roomOf(caller), rule);
  }

  private changeRoom(caller: Caller, { id }: RoomRecord, rule: (record: RoomRecord) => RoomDoc): Promise<RoomRecord> {
    return this.writer.change(id, rule, caller);
  }
}
