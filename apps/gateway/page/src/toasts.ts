import { HoldfastError } from '#libs/client';

/** Time for which a message is shown, in ms. A player can read two sentences in this time. */
const SHOWN_MS = 6_000;
const SHOWN_MAX = 3;

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'error' | 'note';
}

/** Short messages that disappear after a while. */
export class Toasts {
  list: readonly Toast[] = [];
  private last = 0;

  constructor(private readonly changed: () => void) {}

  note(text: string): void {
    this.show(text, 'note');
  }

  /** @param sentences texts for codes that the game defines */
  failed(error: unknown, sentences: Readonly<Record<string, string>> = {}): void {
    // The player has aborted the request and needs no message about it.
    if (error instanceof DOMException && error.name === 'AbortError') return;
    if (!(error instanceof HoldfastError)) console.error(error);
    this.show(sentenceOf(error, sentences), 'error');
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
    this.changed();
  }

  private show(text: string, kind: Toast['kind']): void {
    this.last += 1;
    const id = this.last;
    this.list = [...this.list.filter((toast) => toast.text !== text), { id, text, kind }].slice(-SHOWN_MAX);
    setTimeout(() => this.dismiss(id), SHOWN_MS);
    this.changed();
  }
}

function sentenceOf(error: unknown, sentences: Readonly<Record<string, string>>): string {
  if (!(error instanceof HoldfastError)) return 'This page had an error.';
  return Object.hasOwn(sentences, error.code) ? sentences[error.code]! : error.message;
}
