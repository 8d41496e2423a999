import { html, nothing, render, type TemplateResult } from 'lit-html';
import type { Room } from '#libs/client';
import { type MountedGame, playerStrip, type Table } from '#libs/game-page';
import type { Chess, ChessState } from '../src/chess.js';
import type { Side } from '../src/position.js';
import { boardView } from './board-view.js';
import { ClockFace, clockText, pageNow } from './clock.js';
import { PIECE_NAMES, type PieceKind, piece } from './pieces.js';
import { Replay } from './replay.js';

/** The board, the clocks, the list of moves, and the buttons for draw offers and resignation. */
export class ChessTable implements MountedGame {
  private readonly replay = new Replay();
  private readonly clocks = new ClockFace();
  private readonly ticking: ReturnType<typeof setInterval>;
  private selected: string | null = null;
  /** A pawn's move to the last rank, while the player chooses the new piece. Null: the player is not choosing one. */
  private promoting: { from: string; to: string } | null = null;
  private isSure = false;
  private isFlipped = false;
  /** The room's moves that the board shows. Null: the board must be rebuilt from the room's moves. */
  private followed: readonly string[] | null = null;
  private clocksShown = '';
  /** The number of moves in the list when it was last scrolled to its end. */
  private movesShown = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly room: Room<Chess>,
    private readonly table: Table,
  ) {
    this.ticking = setInterval(() => this.tick(), 100);
    this.update();
  }

  update(): void {
    const { state, status } = this.room;
    if (!state) return;
    // The board shows the player's move at once. It shows the room's moves again when they contain that move or the room refuses it.
    if (!this.replay.isAhead || state.moves !== this.followed) this.replay.follow(state.moves, state.startFen);
    this.followed = state.moves;
    this.clocks.follow(state.clocks, pageNow());
    this.clocks.freeze(status === 'paused', pageNow());
    if (!this.isOn) this.isSure = false;
    if (this.mayMove !== this.replay.turn) this.promoting = null;
    this.clocksShown = SIDES.map((side) => this.clockOf(state, side)).join();
    render(this.view(state), this.root);
    this.showLastMove(state.moves.length);
  }

  destroy(): void {
    clearInterval(this.ticking);
    render(nothing, this.root);
  }

  private get isOn(): boolean {
    return this.room.status === 'playing' || this.room.status === 'paused';
  }

  private get mySide(): Side | null {
    return this.room.seat === null ? null : SIDES[this.room.seat]!;
  }

  /** The player's side when that side is to move. Null: the player may not move now. */
  private get mayMove(): Side | null {
    return this.isOn && !this.replay.isAhead && this.mySide === this.replay.turn ? this.mySide : null;
  }

  /** Renders the page of the game again when a displayed time has changed. */
  private tick(): void {
    const { state } = this.room;
    if (!state || !this.isOn || SIDES.map((side) => this.clockOf(state, side)).join() === this.clocksShown) return;
    this.update();
  }

  private clockOf({ clocks, turn }: ChessState, side: Side): string {
    return clockText(this.clocks.leftMs(clocks, side, turn, pageNow()));
  }

  private view(state: ChessState): TemplateResult {
    const near: Side = (this.mySide === 'b') !== this.isFlipped ? 'b' : 'w';
    const { replay, selected } = this;
    return html`<section class="chess">
      <div class="chess-main">
        ${this.player(state, near === 'w' ? 'b' : 'w')}
        <div class="board-frame">
          ${boardView(
            { replay, bottom: near, mayMove: this.mayMove, selected, isPending: replay.isAhead },
            { choose: (square) => this.choose(square), drop: (from, to) => this.drop(from, to), lift: (square) => this.select(square) },
          )}
          ${this.promoting ? this.promotion() : nothing}
        </div>
        ${this.player(state, near)}
      </div>
      <div class="chess-side">${this.talk(state)}${moveList(state.moves, state.startFen)}</div>
    </section>`;
  }

  private player(state: ChessState, side: Side): TemplateResult {
    const seat = SIDES.indexOf(side);
    const leftMs = this.clocks.leftMs(state.clocks, side, state.turn, pageNow());
    const isTurn = this.isOn && state.turn === side;
    const ahead = this.replay.balance() * (side === 'w' ? 1 : -1);
    return playerStrip({
      seat,
      name: this.table.nameOf(seat),
      isMe: seat === this.room.seat,
      isTurn,
      isHere: this.table.isHere(seat),
      mark: piece('k', side),
      end: html`${ahead > 0 ? html`<span class="ahead" title="Material advantage, in pawns">+${ahead}</span>` : nothing}
        <span class="clock ${isTurn ? 'running' : ''} ${leftMs < 20_000 && state.clocks.runningSince !== null ? 'low' : ''}" role="timer" aria-label="Time left">
          ${clockText(leftMs)}
        </span>`,
    });
  }

  private promotion(): TemplateResult {
    const side = this.mySide ?? 'w';
    return html`<div class="promotion" role="dialog" aria-label="Promote to" @keydown=${(event: KeyboardEvent) => event.key === 'Escape' && this.promote(null)}>
      <div class="promotion-choice">
        ${(['q', 'r', 'b', 'n'] as const).map(
          (kind) => html`<button aria-label=${PIECE_NAMES[kind]} @click=${() => this.promote(kind)}>${piece(kind, side)}</button>`,
        )}
      </div>
      <button class="quiet" @click=${() => this.promote(null)}>Cancel</button>
    </div>`;
  }

  private talk(state: ChessState): TemplateResult {
    const { seat } = this.room;
    const flip = html`<button class="quiet icon" aria-label="Turn the board" title="Turn the board" @click=${() => this.flip()}>
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 20V5M8 5 4 9m4-4 4 4M16 4v15m0 0 4-4m-4 4-4-4" /></svg>
    </button>`;
    if (seat === null || !this.isOn) return html`<div class="talk">${flip}</div>`;
    const offered = state.drawOfferedBy;
    if (offered !== null && offered !== seat) {
      return html`<div class="talk" role="alert">
        <span class="grow">${this.table.nameOf(offered)} offers a draw.</span>
        <button class="primary" @click=${() => this.say('acceptDraw')}>Accept</button>
        <button @click=${() => this.say('declineDraw')}>Decline</button>
      </div>`;
    }
    if (this.isSure) {
      return html`<div class="talk">
        <span class="grow">Give up this game?</span>
        <button class="danger" @click=${() => this.resign()}>Resign</button>
        <button @click=${() => this.setSure(false)}>No</button>
      </div>`;
    }
    const mayClaim = this.mayMove !== null && this.replay.mayClaimDraw(state.positions);
    return html`<div class="talk">
      <button @click=${() => this.setSure(true)}>Resign</button>
      ${
        mayClaim
          ? html`<button @click=${() => this.say('claimDraw')}>Claim a draw</button>`
          : html`<button ?disabled=${offered === seat} @click=${() => this.say('offerDraw')}>
            ${offered === seat ? 'Draw offered' : 'Offer a draw'}
          </button>`
      }
      ${flip}
    </div>`;
  }

  /** Scrolls the list to the last move. Waits for the next frame, because the list is not always on the page yet. */
  private showLastMove(count: number): void {
    if (count === this.movesShown) return;
    this.movesShown = count;
    requestAnimationFrame(() => {
      const list = this.root.querySelector('.moves');
      list?.scrollTo({ left: list.scrollWidth, top: list.scrollHeight });
    });
  }

  private choose(square: string): void {
    const { selected } = this;
    if (selected && this.mayMove && this.isTarget(selected, square)) return this.drop(selected, square);
    const isMine = this.mayMove !== null && this.replay.at(square)?.side === this.mayMove;
    this.select(isMine && square !== selected ? square : null);
  }

  private select(square: string | null): void {
    this.selected = square;
    this.update();
  }

  private isTarget(from: string, to: string): boolean {
    return this.replay.movesFrom(from).some((move) => move.to === to);
  }

  private drop(from: string, to: string): void {
    this.selected = null;
    if (!this.mayMove || !this.isTarget(from, to)) return this.update();
    if (this.replay.movesFrom(from).some((move) => move.to === to && move.isPromotion())) {
      this.promoting = { from, to };
      this.update();
      this.root.querySelector<HTMLElement>('.promotion button')?.focus();
      return;
    }
    void this.play(from, to);
  }

  private promote(kind: Promotion | null): void {
    const { promoting } = this;
    this.promoting = null;
    if (promoting && kind && this.mayMove) void this.play(promoting.from, promoting.to, kind);
    else this.update();
  }

  private async play(from: string, to: string, promotion?: Promotion): Promise<void> {
    this.replay.tryOut(from, to, promotion);
    this.update();
    try {
      await this.room.send('move', { from, to, ...(promotion && { promotion }) });
    } catch (error) {
      this.table.failed(error);
    }
    this.replay.takeBack();
    this.followed = null;
    this.update();
  }

  private say(command: 'offerDraw' | 'acceptDraw' | 'declineDraw' | 'claimDraw' | 'resign'): void {
    this.room.send(command).catch((error: unknown) => this.table.failed(error));
  }

  private resign(): void {
    this.isSure = false;
    this.say('resign');
    this.update();
  }

  private setSure(isSure: boolean): void {
    this.isSure = isSure;
    this.update();
  }

  private flip(): void {
    this.isFlipped = !this.isFlipped;
    this.update();
  }
}

/** The side of each seat. The index is the seat number. */
const SIDES: readonly Side[] = ['w', 'b'];

type Promotion = Exclude<PieceKind, 'p' | 'k'>;

function moveList(made: readonly string[], startFen: string | undefined): TemplateResult {
  const [, turn, , , , first] = startFen?.split(' ') ?? [];
  // When Black moves first, shows an ellipsis in place of White's move.
  const moves = turn === 'b' && made.length > 0 ? ['…', ...made] : made;
  const pairs = Array.from({ length: Math.ceil(moves.length / 2) }, (_, at) => moves.slice(2 * at, 2 * at + 2));
  return html`<ol class="moves" aria-label="Moves" tabindex="0">
    ${pairs.map(
      ([white, black], at) => html`<li>
        <span class="number">${at + Number(first ?? 1)}.</span>
        <span class="san ${2 * at === moves.length - 1 ? 'latest' : ''}">${white}</span>
        <span class="san ${2 * at + 1 === moves.length - 1 ? 'latest' : ''}">${black ?? ''}</span>
      </li>`,
    )}
    ${moves.length === 0 ? html`<li class="note">No moves yet.</li>` : nothing}
  </ol>`;
}
