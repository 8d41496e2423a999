import { createContext, useContext } from 'react';
import type { Whoami } from '../api/types.js';

export interface OperatorSession extends Whoami {
  logOut(): void;
}

export const SessionContext = createContext<OperatorSession | null>(null);

export function useSession(): OperatorSession {
  const session = useContext(SessionContext);
  if (!session) throw new Error('There is no session outside of SessionGate.');
  return session;
}

/** Returns whether the owner of the token may act. A viewer may only read. */
export function useMayAct(): boolean {
  return useSession().role === 'operator';
}
