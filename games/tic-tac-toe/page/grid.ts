import { html, nothing, render, type TemplateResult } from 'lit-html';
import type { Room, Seat } from '#libs/client';
import { type MountedGame, moveFocus, playerStrip, type Table } from '#libs/game-page';
import type { Board, TicTacToe, TicTacToeResult } from '../src/tic-tac-toe.js';

/** The board: nine buttons, in the order of the state's cells. */
export class Grid implements MountedGame {
  /** The cell of the player's last move, while the room has not answered the move. Null otherwise. */
  private pending: number | null = null;
  private note = '';
  private readonly stop: () => void;

  constructor(
    private readonly root: HTMLElement,
    private readonly room: Room<TicTacToe>,
    private readonly table: Table,
  ) {
    this.stop = room.on('event', ({ name, data }) => {
      this.note = name === 'passed' ? `${table.nameOf((data as { seat: Seat }).seat)} took too long and lost the turn.` : '';
      this.update();
    });
    this.update();
  }

  update(): void {
    const { state } = this.room;
    if (state) render(this.view(state), this.root);
  }

  destroy(): void {
    this.stop();
    render(nothing, this.root);
  }

  private view(board: Board): TemplateResult {
    const isOn = this.room.status === 'playing' || this.room.status === 'paused';
    return html`<section class="ttt">
      <div class="ttt-players">${[0, 1].map((seat) => this.player(board, seat, isOn))}</div>
      <div class="ttt-board ${isOn ? '' : 'over'}" role="group" aria-label="Board" @keydown=${(event: KeyboardEvent) => moveFocus(event, 3)}>
        ${board.cells.map((_, cell) => this.cell(board, cell, isOn))}
      </div>
      <p class="note" role="status">${this.note}</p>
    </section>`;
  }

  private player({ turn }: Board, seat: Seat, isOn: boolean): TemplateResult {
    return playerStrip({
      seat,
      name: this.table.nameOf(seat),
      isMe: seat === this.room.seat,
      isTurn: isOn && turn === seat,
      isHere: this.table.isHere(seat),
      mark: MARKS[seat]!,
    });
  }

  private cell(board: Board, cell: number, isOn: boolean): TemplateResult {
    const { seat } = this.room;
    const owner = board.cells[cell] ?? (this.pending === cell ? seat : null);
    const isMine = isOn && seat !== null && board.turn === seat && this.pending === null && owner === null;
    const isPending = board.cells[cell] === null && this.pending === cell;
    const won = !isOn && (this.room.result?.result as TicTacToeResult | undefined)?.line?.includes(cell);
    const who = owner === null ? 'empty' : `${'XO'[owner]}, ${this.table.nameOf(owner)}`;
    return html`<button
      data-cell=${cell}
      class="ttt-cell ${owner === null ? '' : `seat-${owner}`} ${isMine ? 'free' : ''} ${isPending ? 'pending' : ''} ${won ? 'won' : ''}"
      tabindex=${cell === 4 ? 0 : -1}
      aria-label="Row ${Math.floor(cell / 3) + 1}, column ${(cell % 3) + 1}: ${who}"
      aria-disabled=${isMine ? 'false' : 'true'}
      @click=${() => isMine && this.place(cell)}
    >
      ${owner !== null ? MARKS[owner] : isMine ? html`<span class="ghost">${MARKS[seat]}</span>` : nothing}
    </button>`;
  }

  private async place(cell: number): Promise<void> {
    this.pending = cell;
    this.update();
    try {
      await this.room.send('place', { cell });
    } catch (error) {
      this.table.failed(error);
    } finally {
      this.pending = null;
      this.update();
    }
  }
}

const MARKS: readonly TemplateResult[] = [
  html`<svg class="mark x" viewBox="0 0 100 100" aria-hidden="true"><path pathLength="1" d="M22 22 78 78" /><path pathLength="1" d="M78 22 22 78" /></svg>`,
  html`<svg class="mark o" viewBox="0 0 100 100" aria-hidden="true"><path pathLength="1" d="M50 20a30 30 0 1 1 0 60a30 30 0 1 1 0-60" /></svg>`,
];
