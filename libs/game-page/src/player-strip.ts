import { html, nothing, type TemplateResult } from 'lit-html';
import type { Seat } from '#libs/client';

export interface Strip {
  readonly seat: Seat;
  readonly name: string;
  readonly isMe: boolean;
  readonly isTurn: boolean;
  readonly isHere: boolean;
  /** The player's symbol on the board. */
  readonly mark: TemplateResult;
  /** Content at the end of the line, such as a clock or a score. */
  readonly end?: TemplateResult;
}

/** A line beside the board about one player: the symbol, the name, and content that the game provides. */
export function playerStrip({ seat, name, isMe, isTurn, isHere, mark, end }: Strip): TemplateResult {
  return html`<div class="strip seat-${seat} ${isTurn ? 'turn' : ''} ${isHere ? '' : 'away'}" data-seat=${seat}>
    <span class="strip-mark" aria-hidden="true">${mark}</span>
    <span class="strip-name">${name}</span>
    ${isMe ? html`<span class="tag">you</span>` : nothing} ${isHere ? nothing : html`<span class="tag warn">away</span>`}
    <span class="strip-end">${end ?? nothing}</span>
  </div>`;
}
