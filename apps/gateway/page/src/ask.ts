import { html, render, type TemplateResult } from 'lit-html';

/** Asks the player to confirm an action that cannot be undone. The key Escape answers no. */
export function ask(question: string, details: string, yes: string, no: string): Promise<boolean> {
  return dialogFor(
    question,
    html`<p>${details}</p>
      <div class="row end">
        <button value="no">${no}</button>
        <button class="danger" value="yes">${yes}</button>
      </div>`,
    (dialog) => dialog.returnValue === 'yes',
  );
}

/** Asks for the password of a room. Returns null when the player cancels. */
export function askPassword(question: string, details: string): Promise<string | null> {
  return dialogFor(
    question,
    html`<p>${details}</p>
      <label>Password<input name="room-password" type="password" required autocomplete="off" autofocus /></label>
      <div class="row end">
        <button type="button" @click=${(event: Event) => (event.target as Element).closest('dialog')?.close()}>Cancel</button>
        <button class="primary" value="yes">Enter</button>
      </div>`,
    (dialog) =>
      dialog.returnValue === 'yes' ? String(new FormData(dialog.querySelector('form') as HTMLFormElement).get('room-password')) : null,
  );
}

function dialogFor<Answer>(title: string, content: TemplateResult, answerOf: (dialog: HTMLDialogElement) => Answer): Promise<Answer> {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-label', title);
  render(html`<form method="dialog"><h2>${title}</h2>${content}</form>`, dialog);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(answerOf(dialog));
    });
  });
}
