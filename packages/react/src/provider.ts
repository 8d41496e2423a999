import { createContext, createElement, type ReactNode, useContext, useEffect, useState } from 'react';
import { type Login, SessionStore, type StoreOptions } from './session-store.js';

export interface HoldfastProviderProps {
  /** The URL of a gateway, or of several. A changed URL has no effect. To connect to another URL, also give the provider another `key`. */
  readonly url: string | readonly string[];
  /** Options of `connect`. With `storage`, a reloaded page resumes its session. Changed options have no effect. */
  readonly options?: StoreOptions;
  /**
   * The login with which the provider opens a session at once. Absent: the session begins with `login` of `useSession`, or with the stored
   * session.
   */
  readonly login?: Login;
  readonly children?: ReactNode;
}

const StoreContext = createContext<SessionStore | null>(null);

/**
 * Gives the session to all components below.
 *
 * @example
 * <HoldfastProvider url="wss://play.example.com/play" options={{ storage: sessionStorage }}>
 *   <App />
 * </HoldfastProvider>
 */
export function HoldfastProvider({ url, options = {}, login, children }: HoldfastProviderProps) {
  const [store] = useState(() => new SessionStore(url, options));
  const [firstLogin] = useState(login);
  useEffect(() => store.mount(firstLogin), [store, firstLogin]);
  return createElement(StoreContext.Provider, { value: store }, children);
}

/** @throws an error when there is no provider above the component */
export function useStore(): SessionStore {
  const store = useContext(StoreContext);
  if (store === null) throw new Error('There is no HoldfastProvider above this component. Put one around your app.');
  return store;
}
