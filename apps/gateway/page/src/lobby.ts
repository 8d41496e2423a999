import type { GameInfo, RoomSummary, Session } from '#libs/client';

/** Interval at which the lists in the lobby are refreshed, in ms. */
const REFRESH_MS = 2_000;

/** The games, the open rooms, and the search for an opponent. */
export class Lobby {
  games: readonly GameInfo[] = [];
  /** The rooms in the list. Null: not loaded yet. */
  rooms: readonly RoomSummary[] | null = null;
  search: { readonly game: string; readonly since: number } | null = null;
  /** The game whose form for a new room is open. */
  creating: string | null = null;

  private stopSearch = new AbortController();
  private timer: ReturnType<typeof setInterval> | undefined;
  private isAsking = false;

  constructor(
    private readonly session: Session,
    private readonly changed: () => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Refreshes the lists periodically while the lobby is shown. */
  open(): void {
    if (this.timer !== undefined) return;
    this.timer = setInterval(() => this.refresh(), REFRESH_MS);
    void this.refresh();
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  async refresh(): Promise<void> {
    if (this.isAsking || this.session.status !== 'open' || document.hidden) return;
    this.isAsking = true;
    try {
      const [games, rooms] = await Promise.all([this.session.games(), this.session.rooms()]);
      this.games = games;
      this.rooms = rooms.filter(({ status }) => status !== 'closed');
    } catch {
      // The lists stay as they are until the next refresh, which is at most `REFRESH_MS` away.
    } finally {
      this.isAsking = false;
      this.changed();
    }
  }

  seatsMin(game: string): number {
    return this.games.find(({ name }) => name === game)?.seats.min ?? 2;
  }

  /** Whether players may join running games of this kind. */
  isJoinable(game: string): boolean {
    return this.games.find(({ name }) => name === game)?.joinable ?? false;
  }

  async find(game: string): Promise<void> {
    this.stopSearch = new AbortController();
    this.search = { game, since: performance.now() };
    this.changed();
    try {
      await this.session.quickMatch(game, { signal: this.stopSearch.signal });
    } catch (error) {
      this.failed(error);
    } finally {
      this.search = null;
      this.changed();
    }
  }

  cancel(): void {
    this.stopSearch.abort();
  }

  create(game: string | null): void {
    this.creating = game;
    this.changed();
  }
}
