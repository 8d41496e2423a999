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

/** `page`: the changes before a version, or the newest changes while the room has this version. */
export const historyQuery = (id: string, page: { readonly before: number } | { readonly version: number }) =>
  queryOptions({
    queryKey: ['room', id, 'history', page],
    queryFn: ({ signal }) => {
      const query = { limit: 200, ...('before' in page && page) };
      return answerOf(api.GET('/api/rooms/{id}/history', { params: { path: { id }, query }, signal }));
    },
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

export const sanctionsQuery = (list: 'bans' | 'mutes', filters: Search) =>
  queryOptions({
    queryKey: [list, filters],
    queryFn: ({ signal }) => answerOf(api.GET(`/api/${list}`, { params: { query: filters as Record<string, never> }, signal })),
    placeholderData: keepPreviousData,
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
