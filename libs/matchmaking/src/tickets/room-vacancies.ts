import type { RoomId } from '#libs/protocol';
import type { OpenRoom } from '../strategy/ticket.js';
import { VACANCIES_KEPT_MS } from './matchmaking.options.js';

/**
 * Remembers when the members or free seats of open rooms last changed. A round can contain only some of the open rooms, so this class keeps
 * a room for a while after its last round.
 */
export class RoomVacancies {
  private readonly all = new Map<RoomId, { readonly text: string; readonly since: number; seenAt: number }>();

  /** Returns the rooms with their `since`: the queue time of the last change of the members. `now`: the queue time, in ms. */
  since(rooms: readonly OpenRoom[], now: number): OpenRoom[] {
    const found = rooms.map((room) => ({ ...room, since: this.sinceOf(room, now) }));
    for (const [room, { seenAt }] of this.all) {
      // The map is sorted by `seenAt`, so all further rooms were seen even later and must be kept, too.
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
