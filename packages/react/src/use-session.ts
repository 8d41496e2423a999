import { useSyncExternalStore } from 'react';
import { useStore } from './provider.js';
import type { Login, SessionState } from './session-store.js';

/** Returns the session of the provider with its status. The component renders again when the session or the status changes. */
export function useSession(): SessionState & {
  /** Opens a session. It has no effect while a session is open. */
  readonly login: (login: Login) => void;
  /** Ends the session. The player leaves the room. */
  readonly logout: () => void;
} {
  const store = useStore();
  const state = useSyncExternalStore(
    store.subscribe,
    () => store.current,
    () => store.current,
  );
  return { ...state, login: store.login, logout: store.logout };
}
