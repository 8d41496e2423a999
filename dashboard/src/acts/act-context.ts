import { createContext, useContext } from 'react';
import type { Act } from './act.js';

/** Opens the question of an act. `returnTo` gets the focus when the dialog closes; absent: the element that has it now. */
export type Ask = (act: Act, returnTo?: HTMLElement | null) => void;

export const AskContext = createContext<Ask>(() => {});

export function useAsk(): Ask {
  return useContext(AskContext);
}
