import type { ReactNode } from 'react';

/** The meaning of a color. A color never stands alone: the text says the same. */
export type Tone = 'good' | 'warn' | 'bad' | 'quiet' | 'info';

export function Pill({ tone, children, title }: { readonly tone: Tone; readonly children: ReactNode; readonly title?: string }) {
  return (
    <span className={`pill ${tone}`} title={title}>
      {children}
    </span>
  );
}
