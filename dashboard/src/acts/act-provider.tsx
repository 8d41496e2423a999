import { type ReactNode, useCallback, useState } from 'react';
import type { Act } from './act.js';
import { type Ask, AskContext } from './act-context.js';
import { ActDialog } from './act-dialog.js';

/** Shows the questions of acts above the page. An act goes on when its dialog is closed, and reports its result in a notification. */
export function ActProvider({ children }: { readonly children: ReactNode }) {
  const [asked, setAsked] = useState<{ readonly act: Act; readonly returnTo: HTMLElement | null; readonly id: number } | null>(null);
  const ask = useCallback<Ask>((act, returnTo = null) => setAsked((before) => ({ act, returnTo, id: (before?.id ?? 0) + 1 })), []);
  return (
    <AskContext value={ask}>
      {children}
      {asked && <ActDialog key={asked.id} act={asked.act} returnTo={asked.returnTo} />}
    </AskContext>
  );
}
