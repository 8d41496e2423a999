import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, sentenceOf } from '../api/api-error.js';
import { whenUnauthorized } from '../api/client.js';
import { whoamiQuery } from '../api/queries.js';
import { storedToken, storeToken } from '../api/token.js';
import type { Whoami } from '../api/types.js';
import { LoginPage } from './login-page.js';
import { SessionContext } from './session.js';

type State =
  | { readonly kind: 'out'; readonly refusal: string | null }
  | { readonly kind: 'checking' }
  | { readonly kind: 'in'; readonly whoami: Whoami };

/** Shows its children to the owner of an accepted token, and the login form to everybody else. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [state, setState] = useState<State>(() => (storedToken() === '' ? { kind: 'out', refusal: null } : { kind: 'checking' }));

  const isInside = useRef(false);
  isInside.current = state.kind === 'in';

  const leave = useCallback(
    (refusal: string | null) => {
      storeToken('');
      client.clear();
      setState({ kind: 'out', refusal });
    },
    [client],
  );

  const enter = useCallback(async () => {
    try {
      setState({ kind: 'in', whoami: await client.fetchQuery({ ...whoamiQuery, staleTime: 0 }) });
    } catch (error) {
      // The token stays when the gateway does not answer: it may be right.
      if (error instanceof ApiError && error.status === 401) storeToken('');
      setState({ kind: 'out', refusal: sentenceOf(error) });
    }
  }, [client]);

  useEffect(() => {
    whenUnauthorized((reason) => isInside.current && leave(reason));
    if (storedToken() !== '') void enter();
  }, [enter, leave]);

  const session = useMemo(() => (state.kind === 'in' ? { ...state.whoami, logOut: () => leave(null) } : null), [state, leave]);
  if (state.kind === 'checking') return null;
  if (!session)
    return (
      <LoginPage
        refusal={state.kind === 'out' ? state.refusal : null}
        onToken={async (token) => {
          storeToken(token);
          await enter();
        }}
      />
    );
  return <SessionContext value={session}>{children}</SessionContext>;
}
