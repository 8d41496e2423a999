import type { GameInfo, RoomSummary, Session } from '#libs/client';
import { followRooms, type RoomListing } from '#libs/client/lobby';
import { ALL_ROOMS, type LobbyFilter, queryOf } from './lobby-filter.js';

/** Interval in ms at which the page reads the games, and at which it subscribes to the list of rooms again after a failure. */
const REFRESH_MS = 2_000;

/** The games and the list of rooms, while the player is in no room. */
export class Lobby {
  games: readonly GameInfo[] = [];
  /** The rooms in the list. Null: not loaded yet. */
  rooms: readonly RoomSummary[] | null = null;
  filter: LobbyFilter = ALL_ROOMS;
  /** The game whose form for a new room is open. */
  creating: string | null = null;

  private listing: RoomListing | null = null;
  private isFollowing = false;
  private timer: ReturnType<typeof setInterval> | undefined;
  private isAsking = false;

  constructor(
    private readonly session: Session,
    private readonly changed: () => void,
  ) {}

  /** Keeps the games and the list current while the lobby is shown. */
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
      // After an error, the page shows the games that it already knows, and reads them again within `REFRESH_MS`.
    } finally {
      this.isAsking = false;
      this.changed();
    }
  }

  /** Shows only the rooms that this filter describes. */
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

  /** Returns whether players may join running games of this kind. */
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
      // While the page waited for the list, the player has chosen another filter or has entered a room.
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
