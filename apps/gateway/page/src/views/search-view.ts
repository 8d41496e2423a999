import { html, nothing, type TemplateResult } from 'lit-html';
import { ref } from 'lit-html/directives/ref.js';
import { gameTitle } from '../game-pages.js';
import type { OfferedMatch, PlayerSearch, RunningSearch } from '../player-search.js';
import { progressTexts } from '../search-texts.js';

/** Shows the current search: its duration, its progress, and the reason why no match was found yet. */
export function searchView(search: PlayerSearch, { since, progress }: RunningSearch, what = 'Searching for an opponent…'): TemplateResult {
  const seconds = Math.max(0, Math.floor((performance.now() - since) / 1_000));
  return html`<div class="searching">
    <div class="row">
      <span class="spinner" aria-hidden="true"></span>
      <span class="grow"><span role="status">${what}</span> <span class="time">${seconds} s</span></span>
      <button @click=${() => search.cancel()}>Cancel</button>
    </div>
    ${progressTexts(progress).map((text) => html`<p class="note">${text}</p>`)}
  </div>`;
}

export function offerView(search: PlayerSearch): TemplateResult | typeof nothing {
  const { offer } = search;
  if (!offer) return nothing;
  const leftMs = Math.max(0, offer.endsAt - performance.now());
  return html`<dialog class="offer" aria-label="A match is found" ${ref(openModal)} @cancel=${(event: Event) => event.preventDefault()}>
    <div class="fields">
      <h2>A match is found</h2>
      <p>${gameTitle(offer.game)} · ${offer.players} players</p>
      <progress max=${offer.acceptMs} .value=${leftMs} aria-label="Time to answer"></progress>
      <p class="note">${answerText(offer, leftMs)}</p>
      <div class="row end">
        <button @click=${() => search.decline()}>Decline</button>
        <button class="primary" autofocus ?disabled=${offer.isAccepted} @click=${() => search.accept()}>${offer.isAccepted ? 'Accepted' : 'Accept'}</button>
      </div>
    </div>
  </dialog>`;
}

function answerText({ isAccepted, accepted, players }: OfferedMatch, leftMs: number): string {
  const seconds = Math.ceil(leftMs / 1_000);
  const accepts = `${accepted} of ${players} have accepted.`;
  return isAccepted ? `Waiting for the others. ${accepts}` : `Answer within ${seconds} s. ${accepts}`;
}

/** Opens the dialog. Lit calls this function before the dialog is in the document, so the function waits until the dialog is there. */
function openModal(element: Element | undefined): void {
  if (!(element instanceof HTMLDialogElement)) return;
  queueMicrotask(() => {
    if (element.isConnected && !element.open) element.showModal();
  });
}
