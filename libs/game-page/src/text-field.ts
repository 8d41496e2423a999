import { html, nothing, type TemplateResult } from 'lit-html';
import { type Ref, ref } from 'lit-html/directives/ref.js';

export interface TextField {
  /** The name of the field in the form, and its id on the page. */
  readonly name: string;
  readonly label: string;
  /** Returns a sentence about the error in a text. Null: the text is allowed. */
  readonly flawOf: (text: string) => string | null;
  readonly value?: string;
  readonly placeholder?: string;
  readonly autocomplete?: string;
  readonly isRequired?: boolean;
  readonly isDisabled?: boolean;
  readonly whenShown?: ((element: Element | undefined) => void) | Ref;
  /** Content at the end of the line, such as a button. */
  readonly end?: TemplateResult;
}

/** A text field that shows a sentence about a wrong text while the player types. The form can be sent only when all texts are allowed. */
export function textField(field: TextField): TemplateResult {
  const { name, label, flawOf, value = '', placeholder = '', autocomplete = 'off', isRequired = false, isDisabled = false } = field;
  const flawId = `${name}-flaw`;
  return html`<div class="field">
    <label for=${name}>${label}</label>
    <div class="row">
      <input
        id=${name} name=${name} class="grow" autocomplete=${autocomplete} spellcheck="false" placeholder=${placeholder}
        aria-describedby=${flawId} .defaultValue=${value} ?required=${isRequired} ?disabled=${isDisabled}
        @input=${(event: Event) => showFlaw(event.target as HTMLInputElement, flawOf)}
        @invalid=${(event: Event) => showField(event)}
        ${field.whenShown ? ref(field.whenShown) : nothing}
      />
      ${field.end ?? nothing}
    </div>
    <p class="flaw" id=${flawId} role="alert"></p>
  </div>`;
}

function showFlaw(input: HTMLInputElement, flawOf: TextField['flawOf']): void {
  const flaw = flawOf(input.value);
  input.setCustomValidity(flaw ?? '');
  input.setAttribute('aria-invalid', String(flaw !== null));
  const note = input.closest('.field')?.querySelector('.flaw');
  if (note) note.textContent = flaw ?? '';
}

/**
 * Makes a field with a wrong text visible, also in a closed `details`. Prevents the browser's own message, because the page already shows
 * its own sentence.
 */
function showField(event: Event): void {
  const input = event.target as HTMLInputElement;
  const details = input.closest('details');
  if (details) details.open = true;
  if (!input.validity.customError) return;
  event.preventDefault();
  input.focus();
}
