import { html, nothing, type TemplateResult } from 'lit-html';
import { moveFocus } from '#libs/game-page';
import type { Side } from '../src/position.js';
import { PIECE_NAMES, piece } from './pieces.js';
import type { Replay } from './replay.js';

export interface BoardModel {
  readonly replay: Replay;
  /** The side at the bottom of the board. */
  readonly bottom: Side;
  /** The side that this player may move now. Null: the player may not move now. */
  readonly mayMove: Side | null;
  readonly selected: string | null;
  readonly isPending: boolean;
}

export interface BoardActions {
  /** The player chose a square, by mouse, touch or keyboard. */
  choose(square: string): void;
  /** The player dragged a piece from one square to another. */
  drop(from: string, to: string): void;
  lift(square: string): void;
}

export function boardView(model: BoardModel, actions: BoardActions): TemplateResult {
  const { replay, selected, mayMove } = model;
  const last = replay.last();
  const checked = replay.checked();
  const targets = new Map(selected && mayMove ? replay.movesFrom(selected).map((move) => [move.to as string, move]) : []);
  return html`<div
    class="board ${model.isPending ? 'pending' : ''}"
    role="group"
    aria-label="Chessboard"
    @keydown=${(event: KeyboardEvent) => moveFocus(event, 8)}
    @pointerdown=${(event: PointerEvent) => startDrag(event, model, actions)}
  >
    ${squares(model.bottom).map((square, at) => {
      const placed = replay.at(square);
      const target = targets.get(square);
      const classes = [
        'square',
        isLight(square) ? 'light' : 'dark',
        selected === square ? 'selected' : '',
        last?.from === square || last?.to === square ? 'last' : '',
        checked === square ? 'check' : '',
        target ? (target.isCapture() || target.isEnPassant() ? 'capture' : 'target') : '',
        placed && placed.side === mayMove ? 'mine' : '',
      ];
      const what = placed ? `${placed.side === 'w' ? 'white' : 'black'} ${PIECE_NAMES[placed.kind]}` : 'empty';
      return html`<button
        class=${classes.filter(Boolean).join(' ')}
        data-cell=${at}
        data-square=${square}
        tabindex=${at === 60 ? 0 : -1}
        aria-label="${square}, ${what}${target ? ', possible move' : ''}${checked === square ? ', in check' : ''}"
        aria-pressed=${selected === square ? 'true' : 'false'}
        @click=${(event: MouseEvent) => event.detail === 0 && actions.choose(square)}
      >
        ${at % 8 === 0 ? html`<span class="rank" data-text=${square[1]!}></span>` : nothing}
        ${at >= 56 ? html`<span class="file" data-text=${square[0]!}></span>` : nothing}
        ${placed ? piece(placed.kind, placed.side) : nothing}
      </button>`;
    })}
  </div>`;
}

/** Returns all squares from the far left corner of the board, row by row. */
export function squares(bottom: Side): readonly string[] {
  const all = Array.from({ length: 64 }, (_, at) => `${'abcdefgh'[at % 8]}${8 - Math.floor(at / 8)}`);
  return bottom === 'w' ? all : all.reverse();
}

function isLight(square: string): boolean {
  return (square.charCodeAt(0) + Number(square[1])) % 2 === 1;
}

/** Distance in pixels. A pointer that moves farther than this while it is pressed drags a piece. Otherwise it clicks on a square. */
const DRAG_PX = 5;

/**
 * Follows one pointer from its press to its release: a click on a square, or the drag of a piece. A key press causes a click without a
 * pointer.
 */
function startDrag(down: PointerEvent, { mayMove, replay }: BoardModel, actions: BoardActions): void {
  const board = down.currentTarget as HTMLElement;
  const from = squareAt(board, down);
  if (!from || down.button !== 0) return;
  const isMine = mayMove !== null && replay.at(from)?.side === mayMove;
  const held = isMine ? board.querySelector<SVGElement>(`[data-square="${from}"] .piece`) : null;
  const listening = new AbortController();
  const { signal } = listening;
  let isDragging = false;
  const end = (): void => {
    listening.abort();
    held?.classList.remove('held');
    held?.style.removeProperty('transform');
  };
  const onMove = (event: PointerEvent): void => {
    if (event.pointerId !== down.pointerId || !held) return;
    const dx = event.clientX - down.clientX;
    const dy = event.clientY - down.clientY;
    if (!isDragging && Math.hypot(dx, dy) < DRAG_PX) return;
    if (!isDragging) {
      isDragging = true;
      held.classList.add('held');
      actions.lift(from);
    }
    held.style.transform = `translate(${dx}px, ${dy}px) scale(1.15)`;
  };
  const onUp = (event: PointerEvent): void => {
    if (event.pointerId !== down.pointerId) return;
    end();
    const to = squareAt(board, event);
    if (!isDragging) actions.choose(from);
    else if (to && to !== from) actions.drop(from, to);
  };
  window.addEventListener('pointermove', onMove, { signal });
  window.addEventListener('pointerup', onUp, { signal });
  window.addEventListener('pointercancel', end, { signal });
}

function squareAt(board: HTMLElement, { clientX, clientY }: PointerEvent): string | null {
  const { left, top, width, height } = board.getBoundingClientRect();
  const column = Math.floor(((clientX - left) / width) * 8);
  const row = Math.floor(((clientY - top) / height) * 8);
  if (column < 0 || column > 7 || row < 0 || row > 7) return null;
  return board.querySelector<HTMLElement>(`[data-cell="${row * 8 + column}"]`)?.dataset.square ?? null;
}
