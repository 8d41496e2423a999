import type { Ticket } from '../strategy/ticket.js';
import type { StoredTicket } from './stored-ticket.js';
import type { TicketChange } from './ticket-store.js';

export interface WaitingTicket {
  /** The queue returns the same object until the ticket changes, so a strategy can cache data that it derives from the ticket. */
  readonly ticket: StoredTicket;
  /** The number of the ticket's last change. A commit succeeds only if the ticket still has this number. */
  readonly change: number;
  readonly isPaused: boolean;
}

/** The waiting tickets of one game, as the runner has read them. */
export class WaitingQueue {
  private readonly all = new Map<string, WaitingTicket>();
  private readonly offered = new Map<string, StoredTicket>();
  /** The number of the last change that was read. The next read begins after this change. */
  lastChange = 0;
  /** Number of players of all tickets. */
  players = 0;

  get size(): number {
    return this.all.size;
  }

  /** The tickets that may be matched now: the tickets of which no player is away. */
  get tickets(): Iterable<Ticket> {
    const { offered } = this;
    return { [Symbol.iterator]: () => offered.values() };
  }

  get(id: string): WaitingTicket | undefined {
    return this.all.get(id);
  }

  values(): Iterable<WaitingTicket> {
    return this.all.values();
  }

  /**
   * Applies changes in their order, and returns the ids of tickets that have ended.
   *
   * @param sinceOf the time at which a new ticket began to wait
   */
  apply(changes: readonly TicketChange[], sinceOf: (ticket: StoredTicket) => number): string[] {
    const ended: string[] = [];
    for (const { id, change, ticket, isForeign, isPaused } of changes) {
      this.lastChange = Math.max(this.lastChange, change);
      const known = this.all.get(id);
      if (ticket === null) {
        this.remove(id);
        if (!isForeign) ended.push(id);
        continue;
      }
      const next = { ...ticket, since: known?.ticket.since ?? sinceOf(ticket) };
      this.remove(id);
      this.all.set(id, { ticket: next, change, isPaused });
      this.players += next.players.length;
      if (!isPaused) this.offered.set(id, next);
    }
    return ended;
  }

  remove(id: string): void {
    const known = this.all.get(id);
    if (!known) return;
    this.all.delete(id);
    this.offered.delete(id);
    this.players -= known.ticket.players.length;
  }

  clear(): void {
    this.all.clear();
    this.offered.clear();
    this.lastChange = 0;
    this.players = 0;
  }
}
