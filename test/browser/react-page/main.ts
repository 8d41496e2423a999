import { createElement as h, StrictMode } from 'react';
import { createRoot, type Root } from 'react-dom/client';
import type { TicTacToe } from '#games/tic-tac-toe';
import type { Room } from '#libs/client';
import { HoldfastProvider, useCommand, useRoom, useRoomState, useSession } from '../../../packages/react/src/index.js';

/** The program of the page for `react.spec.ts`. It has one component for each hook. Each component counts its renders. */
export interface ReactPage {
  /** Renders the app in strict mode. Without `name`, the app resumes the session of this tab. */
  mount(url: string, name?: string): void;
  unmount(): void;
  /** Number of renders of each component. */
  readonly renders: Record<string, number>;
}

const renders: Record<string, number> = {};
let root: Root | undefined;
Object.assign(globalThis, {
  reactPage: {
    mount(url, name) {
      document.body.innerHTML = '<div id="root"></div>';
      root = createRoot(document.querySelector('#root') as HTMLElement);
      const provider = { url, options: { storage: sessionStorage }, ...(name !== undefined && { login: { name } }) };
      root.render(h(StrictMode, null, h(HoldfastProvider, provider, h(App))));
    },
    unmount: () => root?.unmount(),
    renders,
  } satisfies ReactPage,
});

function App() {
  count('App');
  const { session, status } = useSession();
  const room = useRoom<TicTacToe>();
  return h(
    'main',
    null,
    h('output', { id: 'status' }, status),
    h('button', { type: 'button', onClick: () => void session?.quickMatch('tic-tac-toe') }, 'Find'),
    room && h('button', { type: 'button', onClick: () => void room.leave() }, 'Leave'),
    room && h(Cells, { room }),
    room && h(Turn, { room }),
    room && h(Place, { room }),
  );
}

/** The selector of this component returns a new object in each call. */
function Cells({ room }: { room: Room<TicTacToe> }) {
  count('Cells');
  const { first } = useRoomState(room, ({ state }) => ({ first: state?.cells[0] ?? null }));
  return h('output', { id: 'first' }, String(first));
}

function Turn({ room }: { room: Room<TicTacToe> }) {
  count('Turn');
  return h('output', { id: 'turn' }, String(useRoomState(room, ({ state }) => state?.turn)));
}

function Place({ room }: { room: Room<TicTacToe> }) {
  const { send, isPending, error } = useCommand(room, 'place');
  return h(
    'p',
    null,
    h('button', { type: 'button', disabled: isPending, onClick: () => void send({ cell: 4 }) }, 'Place'),
    h('output', { id: 'refusal' }, error?.code),
  );
}

function count(component: string): void {
  renders[component] = (renders[component] ?? 0) + 1;
}
