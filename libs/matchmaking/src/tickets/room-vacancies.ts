import type { RoomId } from '#libs/protocol';
import type { OpenRoom } from '../strategy/ticket.js';
import { VACANCIES_KEPT_MS } from './matchmaking.options.js';

/**
 * Remembers since when open rooms have had the same free seats. A round may see only some of the open rooms, so a room is remembered for a
 * while after the last round that has seen it.
 */
export class RoomVacancies {
  private readonly all = new Map<RoomId, { readonly text: string; readonly since: number; seenAt: number }>();

  /**
   * Returns the rooms with their `since`: the queue time from which a room has had its present members. `now`: the time of the queue, in
   * ms.
   */
  since(rooms: readonly OpenRoom[], now: number): OpenRoom[] {
    const found = rooms.map((room) => ({ ...room, since: this.sinceOf(room, now) }));
    for (const [room, { seenAt }] of this.all) {
      // The rooms are in the order in which rounds have seen them.
      if (now - seenAt <= VACANCIES_KEPT_MS) break;
      this.all.delete(room);
    }
    return found;
  }

  private sinceOf({ room, free, players }: OpenRoom, now: number): number {
    const text = `${free} ${players.map(({ user }) => user).join(' ')}`;
    const known = this.all.get(room);
    const since = known?.text === text ? known.since : now;
    this.all.delete(room);
    this.all.set(room, { text, since, seenAt: now });
    return since;
  }
}
