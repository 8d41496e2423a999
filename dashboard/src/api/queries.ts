import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import type { Search } from '../router.js';
import { answerOf, api } from './client.js';
import { POLL_MS } from './freshness.js';

/** Facts that are shown as present: they poll, and the page says when they are old. */
const LIVE = { refetchInterval: POLL_MS, meta: { live: true } };
/** Facts that change seldom or cost the gateway more. */
const SLOW = { refetchInterval: 5 * POLL_MS };

export const whoamiQuery = queryOptions({
  queryKey: ['whoami'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/whoami', { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

export const fleetQuery = queryOptions({
  queryKey: ['fleet'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/fleet', { signal })),
  ...LIVE,
});

export const serversQuery = queryOptions({
  queryKey: ['servers'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/servers', { signal })),
  ...LIVE,
});

export const incidentsQuery = queryOptions({
  queryKey: ['incidents'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/incidents', { params: { query: { limit: 500 } }, signal })),
  ...LIVE,
});

export const queuesQuery = queryOptions({
  queryKey: ['queues'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/queues', { signal })),
  ...LIVE,
});

export const serverQuery = (id: string) =>
  queryOptions({
    queryKey: ['servers', id],
    queryFn: ({ signal }) => answerOf(api.GET('/api/servers/{id}', { params: { path: { id } }, signal })),
    ...LIVE,
  });

export interface RoomFilters {
  readonly q?: string | undefined;
  readonly game?: string | undefined;
  readonly status?: string | undefined;
  readonly server?: string | undefined;
  readonly ownerless?: string | undefined;
  readonly sort?: string | undefined;
  readonly order?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number;
}

export const roomsQuery = (filters: RoomFilters) =>
  queryOptions({
    queryKey: ['rooms', filters],
    queryFn: ({ signal }) => answerOf(api.GET('/api/rooms', { params: { query: filters as Record<string, never> }, signal })),
    placeholderData: keepPreviousData,
    ...LIVE,
  });

export const roomQuery = (id: string) =>
  queryOptions({
    queryKey: ['room', id],
    queryFn: ({ signal }) => answerOf(api.GET('/api/rooms/{id}', { params: { path: { id } }, signal })),
    ...LIVE,
  });

export const historyQuery = (id: string, before?: number) =>
  queryOptions({
    queryKey: ['room', id, 'history', before ?? null],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/rooms/{id}/history', { params: { path: { id }, query: { limit: 200, ...(before && { before }) } }, signal })),
    placeholderData: keepPreviousData,
  });

export const replayQuery = (id: string, version?: number) =>
  queryOptions({
    queryKey: ['room', id, 'replay', version ?? null],
    queryFn: ({ signal }) =>
      answerOf(api.GET('/api/rooms/{id}/replay', { params: { path: { id }, query: version === undefined ? {} : { version } }, signal })),
    placeholderData: keepPreviousData,
  });

export const playersQuery = (filters: Search) =>
  queryOptions({
    queryKey: ['players', filters],
    queryFn: ({ signal }) => answerOf(api.GET('/api/players', { params: { query: filters as Record<string, never> }, signal })),
    placeholderData: keepPreviousData,
    ...LIVE,
  });

export const playerQuery = (user: string) =>
  queryOptions({
    queryKey: ['player', user],
    queryFn: ({ signal }) => answerOf(api.GET('/api/players/{user}', { params: { path: { user } }, signal })),
    ...LIVE,
  });

export const bansQuery = queryOptions({
  queryKey: ['bans'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/bans', { params: { query: { limit: 500 } }, signal })),
  ...SLOW,
});

export const mutesQuery = queryOptions({
  queryKey: ['mutes'],
  queryFn: ({ signal }) => answerOf(api.GET('/api/mutes', { params: { query: { limit: 500 } }, signal })),
  ...SLOW,
});

export const seriesQuery = (minutes: number, server?: string) =>
  queryOptions({
    queryKey: ['series', minutes, server ?? null],
    queryFn: ({ signal }) => answerOf(api.GET('/api/series', { params: { query: { minutes, ...(server && { server }) } }, signal })),
    placeholderData: keepPreviousData,
    ...SLOW,
  });

export const auditQuery = (filters: Search) =>
  queryOptions({
    queryKey: ['audit', filters],
    queryFn: ({ signal }) => answerOf(api.GET('/api/audit', { params: { query: filters as Record<string, never> }, signal })),
    placeholderData: keepPreviousData,
    ...SLOW,
  });

export const actQuery = (id: string) =>
  queryOptions({
    queryKey: ['act', id],
    queryFn: ({ signal }) => answerOf(api.GET('/api/acts/{id}', { params: { path: { id } }, signal })),
  });
