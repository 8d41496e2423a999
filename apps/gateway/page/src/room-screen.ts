import type { GameResult, Room, RoomMember, Seat, Session } from '#libs/client';
import { type RoomControls, roomControls } from '#libs/client/lobby';
import type { GamePage, MountedGame, Outcome, Table } from '#libs/game-page';
import { gamePage } from './game-pages.js';
import { shouldStart } from './readiness.js';
import type { Toasts } from './toasts.js';

/** Time in ms for which the page shows that the game continues after a pause. */
const RESUMED_MS = 2_500;
/** Time in ms for which the start of a game waits for a free slot when the fleet is full. */
const START_WAIT_MS = 10_000;

/** Facts from other parts of the page that decide whether the page may start a game. */
export interface StartConditions {
  /** Minimum number of players of the game. */
  seatsMin(game: string): number;
  /** Returns true while the page must not start the game. */
  isHeld(): boolean;
}

/** The state of the page while the player is in a room. */
export class RoomScreen {
  readonly board = document.createElement('div');
  readonly page: GamePage | undefined;
  /** True for a short time after the game resumed. */
  isResumed = false;
  /** True while the page waits for the answer to a request about the room. */
  isBusy = false;
  readonly controls: RoomControls;

  private mounted: MountedGame | null = null;
  private readonly stops: (() => void)[];
  private resumedTimer: ReturnType<typeof setTimeout> | undefined;
  /** The revision of the room at the page's last request to start a game. -1: the page has requested no start. */
  private startedRev = -1;

  constructor(
    readonly room: Room,
    private readonly session: Session,
    private readonly terms: StartConditions,
    private readonly toasts: Toasts,
    private readonly changed: () => void,
  ) {
    this.board.className = 'game-board';
    this.page = gamePage(room.game);
    this.controls = roomControls(session);
    const update = (): void => this.update();
    this.stops = [
      room.on('view', update),
      room.on('placed', update),
      room.on('change', update),
      room.on('pause', update),
      room.on('resume', () => this.resumed()),
      room.on('rewound', (rewind) => this.toasts.note(rewindSentence(rewind))),
      room.on('end', update),
    ];
    this.update();
  }

  destroy(): void {
    for (const stop of this.stops) stop();
    clearTimeout(this.resumedTimer);
    this.mounted?.destroy();
    this.mounted = null;
  }

  get isWatching(): boolean {
    return this.member === undefined;
  }

  get member(): RoomMember | undefined {
    return this.room.view.members.find(({ user }) => user === this.session.user);
  }

  get isHost(): boolean {
    return this.room.view.owner === this.session.user;
  }

  get isOn(): boolean {
    return this.room.status === 'playing' || this.room.status === 'paused';
  }

  /**
   * The seat for whose move the game waits. Null: the game waits for several seats or for none. Undefined: no game runs, or the page does
   * not know the seat.
   */
  get turn(): Seat | null | undefined {
    return this.isOn && this.room.state !== undefined ? this.page?.turnOf(this.room.state) : undefined;
  }

  /** True when the game waits for this player's move. False while the game is paused, because the room cannot apply a move then. */
  get isMyTurn(): boolean {
    return !this.isPaused && this.turn !== undefined && this.turn !== null && this.turn === this.room.seat;
  }

  get isPaused(): boolean {
    return this.room.status === 'paused';
  }

  /**
   * The reason that an operator wrote when the operator ended the last game. Null: no operator ended it, or the operator wrote no reason.
   */
  get operatorNote(): string | null {
    const { lastResult } = this;
    if (lastResult?.reason !== 'operator') return null;
    const { note } = (lastResult.result ?? {}) as { note?: unknown };
    return typeof note === 'string' && note.trim() !== '' ? note : null;
  }

  get lastResult(): GameResult | null {
    return this.isOn || this.room.status === 'starting' ? null : (this.room.result ?? this.room.view.lastResult ?? null);
  }

  outcome({ reason, result }: GameResult): Outcome | null {
    return reason === 'finished' && this.page && result !== undefined && result !== null ? this.page.outcome(result) : null;
  }

  nameOf(seat: Seat): string {
    const { players, view } = this.room;
    return (players.find((one) => one.seat === seat) ?? view.members.find((one) => one.seat === seat))?.name ?? `Seat ${seat + 1}`;
  }

  ready(ready: boolean): Promise<void> {
    return this.busy(() => this.room.ready(ready));
  }

  /** Mutes a member in the chat of the room, as the host, or lets the member write again. */
  async mute(user: RoomMember['user'], muted: boolean): Promise<void> {
    await this.session.request('chat.mute', { user, muted });
    this.toasts.note(muted ? 'The player cannot write in this chat any more.' : 'The player may write in this chat.');
  }

  leave(): Promise<void> {
    return this.busy(() => this.room.leave());
  }

  async busy(act: () => Promise<unknown>): Promise<void> {
    this.isBusy = true;
    this.changed();
    try {
      await act();
    } catch (error) {
      this.toasts.failed(error);
    } finally {
      this.isBusy = false;
      this.changed();
    }
  }

  private update(): void {
    this.showBoard();
    this.startWhenReady();
    this.changed();
  }

  private showBoard(): void {
    if (!this.page || this.room.state === undefined) return;
    if (this.mounted) this.mounted.update();
    else this.mounted = this.page.mount(this.board, this.room, this.table());
  }

  private table(): Table {
    return {
      failed: (error) => this.toasts.failed(error, this.page?.refusals),
      nameOf: (seat) => this.nameOf(seat),
      isHere: (seat) => this.isHere(seat),
    };
  }

  /** Returns whether the player of a seat has a connection. Finds the member by name, because members may change seats after a game. */
  private isHere(seat: Seat): boolean {
    const { members } = this.room.view;
    const member = members.find((one) => (this.isOn ? one.seat === seat : one.name === this.nameOf(seat)));
    return member?.here ?? false;
  }

  private resumed(): void {
    this.isResumed = true;
    clearTimeout(this.resumedTimer);
    this.resumedTimer = setTimeout(() => {
      this.isResumed = false;
      this.changed();
    }, RESUMED_MS);
    this.update();
  }

  private startWhenReady(): void {
    const { view } = this.room;
    if (!shouldStart(view, this.session.user, this.terms.seatsMin(view.game)) || view.rev === this.startedRev) return;
    if (this.terms.isHeld()) return;
    this.startedRev = view.rev;
    this.room.start({ waitMs: START_WAIT_MS }).catch(async (error: { code?: string }) => {
      // Shows no error, because another page of this player, or matchmaking, has already started the game.
      if (error.code === 'room-playing') return;
      this.toasts.failed(error);
      // Makes this member not ready. Otherwise the page would try to start the game again and again.
      await this.room.ready(false).catch(() => {});
    });
  }
}

/**
 * Returns the message about a rewind. The message says "steps" and not "moves", because a timer or a change of a player's presence also
 * adds a version.
 */
function rewindSentence({ from, to }: { readonly from: number; readonly to: number }): string {
  const steps = from - to;
  return `The game went back ${steps} ${steps === 1 ? 'step' : 'steps'} after a server failed. What happened in them is undone.`;
}
