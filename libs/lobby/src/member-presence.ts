import { Injectable } from '@nestjs/common';
import { type Claims, endOf, type RequestOrder, type RoomId, type UserId } from '#libs/protocol';
import { RedisConnections } from '#libs/redis';
import { type RoomDoc, type RoomRecord, RoomRecords, type UserRoom, UserRooms } from '#libs/room-store';
import { cameBack, wentAway, withClaims } from './room-rules.js';
import { ignoreGone, type RoomGuard, RoomWriter } from './room-writer.js';
import { UserTickets } from './user-tickets.js';

/**
 * Stores which members of rooms are connected, away or gone. The reports come from gateways, and from the processes that clean up after
 * dead gateways. They can arrive late, twice or in another order.
 */
@Injectable()
export class MemberPresence {
  constructor(
    private readonly writer: RoomWriter,
    private readonly records: RoomRecords,
    private readonly userRooms: UserRooms,
    private readonly tickets: UserTickets,
    private readonly redis: RedisConnections,
  ) {}

  /**
   * Stores the presence that a member's gateway reports. Ignores a report of an earlier admission, and a report that is older than the
   * stored report.
   */
  async set(room: RoomId, user: UserId, here: boolean, order?: RequestOrder, claims?: Claims | null): Promise<void> {
    const admissionEnd = order && endOf(order.turn);
    if (!here) return this.setAway(room, user, admissionEnd, order);
    const rule = (record: RoomRecord): RoomDoc => {
      const doc = cameBack(record, user, order);
      return claims === undefined ? doc : withClaims(doc, { user, ...(claims && { claims }) });
    };
    await this.writer.change(room, rule, { user, asked: admissionEnd }).catch(ignoreGone);
  }

  /**
   * Marks the user as away, because the gateway of this `admission` is dead. Idempotent. A suspended lobby can handle a report of the dead
   * gateway later. So the mark has a later request order than all reports of this admission, and no such report replaces the mark.
   * Therefore a gateway that was evicted by mistake must report in a new admission.
   */
  async away(user: UserId, admission?: number): Promise<void> {
    const admissionEnd = admission === undefined ? undefined : endOf(admission);
    await this.tickets.setPresence(user, admissionEnd, false);
    const pointer = await this.userRooms.get(user);
    // The admission number 0 means that the store lost the user's admissions, so the order of this report is unknown.
    if (pointer && !pointer.watching) await this.setAway(pointer.room, user, admissionEnd, admission ? admissionEnd : undefined);
  }

  /**
   * Ends the membership of a user whose session is over. Voids every request before `order`, and removes the user from the room and the
   * queue. A lobby that still handles an older request detects the departure after its write, and undoes the write. Idempotent. Does
   * nothing when the user was admitted or has changed the room after `order`.
   * @param known the user's room according to the gateway, for the case that the store has no room
   */
  async depart(user: UserId, order: RequestOrder, known: UserRoom | null = null): Promise<void> {
    const left = await this.userRooms.depart(user, order);
    if (left === 'late') return;
    await this.tickets.end(user, order, { event: 'cancelled', reason: 'party-changed' });
    const { room, watching } = left ?? known ?? {};
    if (room === undefined || watching) return;
    const guard = () => this.userRooms.refuseLate(user, order);
    await this.writer.lock(room, () => this.writer.removeMember(room, user, 'gone', { guard })).catch(ignoreGone);
  }

  /**
   * Removes a member who will not return. With `order`, does nothing when the user has returned to this room after the request with this
   * order. Without `order`, does nothing when the user was admitted or has changed the room since this call.
   */
  async gone(room: RoomId, user: UserId, order?: RequestOrder, isDue?: RoomGuard): Promise<void> {
    const since = order ?? (await this.userRooms.lastRequestOrder(user));
    const guard: RoomGuard = async (record) => {
      await (order ? this.userRooms.refuseReturned(user, room, order) : this.userRooms.refuseLate(user, since));
      await isDue?.(record);
    };
    try {
      await this.writer.lock(room, async () => {
        await guard(await this.records.mustRead(room));
        await this.userRooms.move(user, null, { asked: since, from: room });
        await this.writer.removeMember(room, user, 'gone', { guard });
      });
    } catch (error) {
      ignoreGone(error);
    }
  }

  private async setAway(room: RoomId, user: UserId, order?: RequestOrder, reported?: RequestOrder): Promise<void> {
    const now = await this.redisNow();
    await this.writer.change(room, (record) => wentAway(record, user, now, reported), { user, asked: order }).catch(ignoreGone);
  }

  private async redisNow(): Promise<number> {
    const [seconds] = await this.redis.commands.time();
    return Number(seconds) * 1_000;
  }
}
