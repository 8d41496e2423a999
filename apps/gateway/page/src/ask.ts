import { html, render } from 'lit-html';

/** Asks for confirmation before an act that cannot be undone. Escape means no. */
export function ask(question: string, details: string, yes: string, no: string): Promise<boolean> {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-label', question);
  render(
    html`<form method="dialog">
      <h2>${question}</h2>
      <p>${details}</p>
      <div class="row end">
        <button value="no">${no}</button>
        <button class="danger" value="yes">${yes}</button>
      </div>
    </form>`,
    dialog,
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
