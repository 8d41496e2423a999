import type { GameInfo, RoomSummary, Session } from '#libs/client';
import { followRooms, type RoomListing } from '#libs/client/lobby';
import { ALL_ROOMS, type LobbyFilter, queryOf } from './lobby-filter.js';

/**
 * Interval in ms at which the page reads the games again. If the subscription to the list of rooms has failed, the page repeats it at the
 * same interval.
 */
const REFRESH_MS = 2_000;

/** The games and the list of rooms that the page shows while the player is in no room. */
export class Lobby {
  games: readonly GameInfo[] = [];
  /** The rooms in the list. Null: not loaded yet. */
  rooms: readonly RoomSummary[] | null = null;
  filter: LobbyFilter = ALL_ROOMS;
  /** The game for which the player fills in the form for a new room. Null: the form is closed. */
  creating: string | null = null;

  private listing: RoomListing | null = null;
  private isFollowing = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  private isAsking = false;

  constructor(
    private readonly session: Session,
    private readonly changed: () => void,
  ) {}

  /** Keeps the games and the list of rooms current from now on, until the lobby is closed. */
  open(): void {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => void this.refresh(), REFRESH_MS);
    void this.refresh();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.listing?.close();
    this.listing = null;
  }

  async refresh(): Promise<void> {
    if (this.isAsking || this.session.status !== 'open' || document.hidden) return;
    this.isAsking = true;
    try {
      const [games] = await Promise.all([this.session.games(), this.timer === undefined ? null : this.follow()]);
      this.games = games;
    } catch {
      // After an error, the page still shows the games of the last successful read.
    } finally {
      this.isAsking = false;
      this.changed();
    }
  }

  /** Changes the filter of the list of rooms. */
  choose(change: Partial<LobbyFilter>): void {
    const game = change.game === undefined ? this.filter.game : change.game;
    // The filter contains options of one game, so a change of the game clears the options.
    const options = game === this.filter.game ? this.filter.options : {};
    this.filter = { ...this.filter, options, ...change };
    this.listing?.close();
    this.listing = null;
    void this.follow().catch(() => {});
    this.changed();
  }

  game(name: string): GameInfo | undefined {
    return this.games.find((game) => game.name === name);
  }

  seatsMin(game: string): number {
    return this.game(game)?.seats.min ?? 2;
  }

  isJoinable(game: string): boolean {
    return this.game(game)?.joinable ?? false;
  }

  create(game: string | null): void {
    this.creating = game;
    this.changed();
  }

  /** Subscribes to the rooms that match the filter. After a failure, the next refresh tries again. */
  private async follow(): Promise<void> {
    if (this.listing || this.isFollowing) return;
    this.isFollowing = true;
    const { filter } = this;
    try {
      const listing = await followRooms(this.session, queryOf(filter));
      // Closes the new list at once if the filter has changed, or the lobby was closed, while the page waited for the list.
      if (filter !== this.filter || this.timer === undefined) return listing.close();
      this.listing = listing;
      const show = (rooms: readonly RoomSummary[]): void => {
        this.rooms = rooms.filter(({ status }) => status !== 'closed');
        this.changed();
      };
      listing.on('change', show);
      show(listing.rooms);
    } finally {
      this.isFollowing = false;
      if (filter !== this.filter && this.timer !== undefined) void this.follow().catch(() => {});
    }
  }
}
