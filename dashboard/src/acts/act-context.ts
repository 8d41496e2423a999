import { createContext, useContext } from 'react';
import type { Act } from './act.js';

/** Opens the question of an act. */
export const AskContext = createContext<(act: Act) => void>(() => {});

export function useAsk(): (act: Act) => void {
  return useContext(AskContext);
}
