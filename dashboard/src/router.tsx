import { createHashHistory, createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { FleetPage } from './pages/fleet.js';
import { NotFoundPage, PageFailure, PagePending } from './parts/page.js';
import { Shell } from './shell/shell.js';

/** The filters, the sorting and the position of a page, as they are in its address. All values are texts. */
export type Search = Readonly<Record<string, string | undefined>>;

/** Keeps the texts of an address that are not empty. */
function searchOf(search: Record<string, unknown>): Search {
  return Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => value !== undefined && value !== null && value !== '')
      .map(([name, value]) => [name, String(value)]),
  );
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage, validateSearch: searchOf });
const fleet = createRoute({ getParentRoute: () => root, path: '/', component: FleetPage });
const server = createRoute({
  getParentRoute: () => root,
  path: '/servers/$id',
  component: lazyRouteComponent(() => import('./pages/server.js'), 'ServerPage'),
});
const incidents = createRoute({
  getParentRoute: () => root,
  path: '/incidents',
  component: lazyRouteComponent(() => import('./pages/incidents.js'), 'IncidentsPage'),
});
const rooms = createRoute({
  getParentRoute: () => root,
  path: '/rooms',
  component: lazyRouteComponent(() => import('./pages/rooms.js'), 'RoomsPage'),
});
const room = createRoute({
  getParentRoute: () => root,
  path: '/rooms/$id',
  component: lazyRouteComponent(() => import('./pages/room.js'), 'RoomPage'),
});
const players = createRoute({
  getParentRoute: () => root,
  path: '/players',
  component: lazyRouteComponent(() => import('./pages/players.js'), 'PlayersPage'),
});
const player = createRoute({
  getParentRoute: () => root,
  path: '/players/$user',
  component: lazyRouteComponent(() => import('./pages/player.js'), 'PlayerPage'),
});
const queues = createRoute({
  getParentRoute: () => root,
  path: '/queues',
  component: lazyRouteComponent(() => import('./pages/queues.js'), 'QueuesPage'),
});
const charts = createRoute({
  getParentRoute: () => root,
  path: '/charts',
  component: lazyRouteComponent(() => import('./pages/charts.js'), 'ChartsPage'),
});
const events = createRoute({
  getParentRoute: () => root,
  path: '/events',
  component: lazyRouteComponent(() => import('./pages/events.js'), 'EventsPage'),
});
const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  component: lazyRouteComponent(() => import('./pages/audit.js'), 'AuditPage'),
});

/** The address of a page is in the fragment (`#/rooms?game=chess`), because all other addresses are relative to the gateway or a proxy. */
export const router = createRouter({
  routeTree: root.addChildren([fleet, server, incidents, rooms, room, players, player, queues, charts, events, audit]),
  history: createHashHistory(),
  defaultPreload: 'intent',
  defaultPendingComponent: PagePending,
  defaultErrorComponent: PageFailure,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(searchOf(search) as Record<string, string>).toString();
    return text === '' ? '' : `?${text}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
