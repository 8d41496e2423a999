import { html, type TemplateResult } from 'lit-html';
import { formName, type OptionField, optionText } from '../options-form.js';

export function optionInputs(fields: readonly OptionField[]): TemplateResult[] {
  return fields.map((field) => optionInput(field));
}

function optionInput(field: OptionField): TemplateResult {
  const name = formName(field);
  switch (field.kind) {
    case 'check':
      return html`<label class="check"><input type="checkbox" name=${name} .defaultChecked=${field.value} /> ${field.label}</label>`;
    case 'choice':
      return html`<label>${field.label}
        <select name=${name}>
          ${field.value === undefined ? html`<option value="">As the game chooses</option>` : ''}
          ${field.choices.map((choice, index) => html`<option value=${index} ?selected=${choice === field.value}>${optionText(choice)}</option>`)}
        </select>
      </label>`;
    case 'number':
      return html`<label>${field.label}
        <input
          name=${name} type="number" step=${field.isWhole ? '1' : 'any'} min=${field.min ?? ''} max=${field.max ?? ''}
          ?required=${field.isRequired} .defaultValue=${field.value === undefined ? '' : String(field.value)}
        />
      </label>`;
    case 'text':
      return html`<label>${field.label}
        <input name=${name} maxlength=${field.lengthMax ?? 200} ?required=${field.isRequired} .defaultValue=${field.value ?? ''} autocomplete="off" />
      </label>`;
  }
}
