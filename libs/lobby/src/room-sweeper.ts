import { Inject, Injectable } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { ConsecutiveSightings, inBatches, ObservedAges } from '#libs/async';
import { ServerDirectory } from '#libs/fleet';
import { HoldfastError, type RoomId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { InviteCodes, type RoomDigest, type RoomRecord, RoomRecords, UserRooms } from '#libs/room-store';
import { SessionStore } from '#libs/session';
import { StoreSettlement } from '#libs/settlement';
import { Log } from '#libs/telemetry';
import { GameCatalogue } from './game-catalogue.js';
import { GameStarter } from './game-starter.js';
import { replaceGoneHost } from './host-rules.js';
import {
  CODES_EVERY_MS,
  LOBBY_OPTIONS,
  type LobbyOptions,
  STRAY_AFTER_MS,
  SWEEP_MS,
  SWEEP_ROOMS,
  startAbandonedMs,
} from './lobby.options.js';
import { MemberPresence } from './member-presence.js';
import { absentees } from './room-rules.js';
import { RoomService } from './room-service.js';
import { RoomWriter } from './room-writer.js';

/**
 * Removes idle and empty rooms, and members whose grace is over. Cancels starts whose lobby died. Every lobby sweeps, but each change
 * happens only once, because it is a compare-and-set. Each lobby measures with its own clock for how long a room has not changed and for
 * how long a member has been away. It does not compare times of Redis: if somebody set the clock of Redis ahead, all rooms would look idle.
 */
@Injectable()
export class RoomSweeper {
  private isSweeping = false;
  private page = 0;
  /** The time of the last renewal of the invite codes of rooms in play, in ms of the monotonic clock. */
  private codesRenewedAt = Number.NEGATIVE_INFINITY;
  private isRenewingCodes = false;
  /**
   * Entries of the index of rooms without a record of the room. A sweep drops an entry only if the previous sweep has found it, too,
   * because a lobby may be about to write the record.
   */
  private readonly missing = new ConsecutiveSightings();
  /**
   * Members who have no connection although the record of their room says `here`. The key of a member is the result of `keyOf`. A sweep
   * marks a member as away only if the previous sweep has found the member, too, because a gateway may be about to write the session.
   */
  private readonly unconnected = new ConsecutiveSightings();
  /**
   * Members who are in no room according to `UserRooms`. The key of a member is the result of `keyOf`. A sweep removes a member only if the
   * previous sweep has found the member, too, because a join may be in progress.
   */
  private readonly unplaced = new ConsecutiveSightings();
  /** For each room, the time for which this sweeper has seen the same revision of its record. */
  private readonly revisions = new ObservedAges();
  /** For each member, by `keyOf`: the time for which the member has been away. */
  private readonly absences = new ObservedAges();

  constructor(
    private readonly redis: RedisConnections,
    private readonly records: RoomRecords,
    private readonly rooms: RoomService,
    private readonly writer: RoomWriter,
    private readonly presence: MemberPresence,
    private readonly starter: GameStarter,
    private readonly userRooms: UserRooms,
    private readonly sessions: SessionStore,
    private readonly directory: ServerDirectory,
    private readonly log: Log,
    @Inject(LOBBY_OPTIONS) private readonly options: LobbyOptions,
    private readonly settlement: StoreSettlement,
    private readonly invites: InviteCodes,
    private readonly games: GameCatalogue,
  ) {}

  @Interval(SWEEP_MS)
  async sweep(): Promise<void> {
    if (this.isSweeping || !this.redis.isReady || !this.settlement.isSettled) return;
    this.isSweeping = true;
    try {
      await this.sweepRooms();
    } catch (error) {
      this.log.warn('sweep.failed', { error });
    } finally {
      this.isSweeping = false;
    }
  }

  private async sweepRooms(): Promise<void> {
    if (this.page === 0) this.isRenewingCodes = performance.now() - this.codesRenewedAt > CODES_EVERY_MS;
    const ids = await this.records.list(SWEEP_ROOMS, this.page * SWEEP_ROOMS);
    for await (const some of inBatches(ids)) await this.sweepSome(some);
    if (ids.length === SWEEP_ROOMS) this.page += 1;
    else {
      this.page = 0;
      if (this.isRenewingCodes) this.codesRenewedAt = performance.now();
      for (const seen of [this.missing, this.unconnected, this.unplaced, this.revisions, this.absences]) seen.nextRound();
    }
  }

  private async sweepSome(ids: readonly RoomId[]): Promise<void> {
    const digests = await this.records.readDigests(ids);
    const missing = ids.filter((_, index) => digests[index] === null);
    const gone = missing.filter((id) => this.missing.again(id));
    await Promise.all([this.records.unindex(gone), this.records.unlist(gone)]);
    await this.enlistForgotten(digests);
    // Excludes rooms in play, because their game servers remove the players who are away.
    const ours = digests.flatMap((digest) => (digest?.status === 'waiting' || digest?.status === 'starting' ? digest.id : []));
    for (const record of await this.records.readMany(ours)) {
      if (record) await this.sweepRoom(record);
    }
    if (this.isRenewingCodes) await this.renewCodes(digests.flatMap((digest) => (digest?.status === 'playing' ? digest.id : [])));
  }

  /** Renews the invite codes of rooms in play, so that the code of a room does not expire during a long game. */
  private async renewCodes(playing: readonly RoomId[]): Promise<void> {
    const listed = await this.records.readListed(playing);
    await this.invites.renew(listed.flatMap((record) => (record?.doc.code ? { room: record.id, code: record.doc.code } : [])));
  }

  /**
   * Adds public rooms that are missing in the list. A room can be missing because a lobby of an older release made the room, or because a
   * lobby died before it wrote the room to the list.
   */
  private async enlistForgotten(digests: readonly (RoomDigest | null)[]): Promise<void> {
    const candidates = digests.flatMap((digest) => (digest && digest.private !== true ? digest : []));
    const areListed = await this.records.areListed(candidates);
    const unlisted = candidates.filter((_, index) => !areListed[index]);
    for (const record of await this.records.readMany(unlisted.map(({ id }) => id))) {
      if (record && !record.doc.private) await this.records.enlist(record.id, record.game, record.doc.createdAt);
    }
  }

  /**
   * Removes members who are in another room or in no room. Redis may have lost the departure of the user, or a gateway may have stored the
   * user's room again after a data loss, and then died.
   */
  private async removeStrays({ id, doc }: RoomRecord): Promise<void> {
    for (const { user } of doc.members) {
      const pointer = await this.userRooms.get(user);
      if (!pointer) await this.removeUnplaced(id, user);
      if (!pointer || pointer.watching || pointer.room === id) continue;
      const now = await this.rooms.whereIs(user as UserId);
      if (!now || now.watching || now.record.id === id) continue;
      this.log.info('member.elsewhere', { roomId: id, user });
      await this.presence.gone(id, user as UserId, undefined, async () => {
        const there = await this.rooms.whereIs(user as UserId);
        if (there?.record.id === id) throw new HoldfastError('overtaken');
      });
    }
  }

  private async removeUnplaced(id: RoomId, user: UserId): Promise<void> {
    if (!(await this.userRooms.isInNoRoom(user)) || !this.unplaced.again(keyOf(id, user))) return;
    this.log.info('member.unplaced', { roomId: id, user });
    await this.presence.gone(id, user, undefined, async () => {
      if (!(await this.userRooms.isInNoRoom(user))) throw new HoldfastError('overtaken');
    });
  }

  /**
   * Marks members without a connection as away. Their session or gateway ended, and the process that should have reported the end died,
   * too. If a member is connected after all, the gateway reports the presence again.
   */
  private async markUnconnected({ id, doc }: RoomRecord): Promise<void> {
    for (const { user, here } of doc.members) {
      if (!here || (await this.isConnected(user as UserId))) continue;
      if (!this.unconnected.again(keyOf(id, user as UserId))) continue;
      this.log.info('member.unconnected', { roomId: id, user });
      await this.presence.set(id, user as UserId, false);
    }
  }

  private async isConnected(user: UserId): Promise<boolean> {
    const session = await this.sessions.find(user);
    if (!session || session.isAway) return false;
    const gateway = this.directory.get(session.gateway);
    return gateway !== undefined && gateway.state !== 'dead';
  }

  private async sweepRoom(record: RoomRecord): Promise<void> {
    const ageMs = this.revisions.ageMs(record.id, record.rev);
    if (record.status === 'starting' && ageMs > startAbandonedMs(this.games.loadMsOf(record.game))) {
      this.log.info('start.taken-back', { roomId: record.id });
      await this.starter.takeBack(record, record.start ?? '');
    }
    if (record.status !== 'waiting') return;
    if (record.doc.code) await this.invites.renew([{ room: record.id, code: record.doc.code }]);
    if (replaceGoneHost(record, this.rooms.now()) !== record.doc) {
      this.log.info('host.replaced', { roomId: record.id, user: record.doc.host });
      await this.writer.change(record.id, (current) => replaceGoneHost(current, this.rooms.now()));
    }
    for (const { user, awaySince } of absentees(record)) {
      if (this.absences.ageMs(keyOf(record.id, user), awaySince) <= this.options.seatGraceMs) continue;
      this.log.info('member.overdue', { roomId: record.id, user });
      await this.presence.gone(record.id, user, undefined, (current) => {
        const isStillAway = absentees(current).some((absentee) => absentee.user === user && absentee.awaySince === awaySince);
        if (!isStillAway) throw new HoldfastError('overtaken');
      });
    }
    if (ageMs > STRAY_AFTER_MS) {
      await this.removeStrays(record);
      await this.markUnconnected(record);
    }
    if (record.doc.members.length === 0) await this.writer.close(record, 'empty');
    else if (ageMs > this.options.roomIdleMs) await this.writer.close(record, 'room-expired');
  }
}

function keyOf(room: RoomId, user: UserId): string {
  return `${room} ${user}`;
}
