import { useQuery } from '@tanstack/react-query';
import { queuesQuery } from '../api/queries.js';
import type { Queue } from '../api/types.js';
import { duration, number } from '../parts/format.js';
import { ServerLink } from '../parts/links.js';
import { Empty, Missing, Page, Section } from '../parts/page.js';
import { useFilters } from '../parts/use-filters.js';
import { type Column, sortingOf, textOf } from '../table/column.js';
import { DataTable } from '../table/data-table.js';

export function QueuesPage() {
  const { data, error, refetch } = useQuery(queuesQuery);
  const [{ sort }, setFilters] = useFilters();
  return (
    <Page title="Matchmaking">
      {!data ? (
        <Missing error={error} retry={refetch} />
      ) : (
        <Section title="Queues" aside={<span className="aside">by game</span>}>
          <DataTable
            label="Queues"
            columns={COLUMNS}
            rows={data.queues}
            keyOf={({ game }) => game}
            sorting={sortingOf(sort, { column: 'players', isDescending: true })}
            onSort={(sorting) => setFilters({ sort: textOf(sorting) })}
            empty={
              <Empty>
                Nobody searches for a match. A queue appears here when a player searches, and disappears half a minute after the last
                search.
              </Empty>
            }
          />
        </Section>
      )}
    </Page>
  );
}

const COLUMNS: readonly Column<Queue>[] = [
  { id: 'game', title: 'Game', sort: ({ game }) => game, cell: ({ game }) => game },
  { id: 'players', title: 'Players', isNumber: true, sort: ({ players }) => players, cell: ({ players }) => number(players) },
  {
    id: 'tickets',
    title: 'Tickets',
    isNumber: true,
    from: 'tablet',
    sort: ({ tickets }) => tickets,
    cell: ({ tickets }) => number(tickets),
  },
  { id: 'paused', title: 'Paused', isNumber: true, from: 'desktop', sort: ({ paused }) => paused, cell: ({ paused }) => number(paused) },
  {
    id: 'waiting50',
    title: 'Waiting p50',
    isNumber: true,
    sort: ({ waitingP50Ms }) => waitingP50Ms,
    cell: ({ waitingP50Ms }) => duration(waitingP50Ms),
  },
  {
    id: 'waiting95',
    title: 'Waiting p95',
    isNumber: true,
    from: 'tablet',
    sort: ({ waitingP95Ms }) => waitingP95Ms,
    cell: ({ waitingP95Ms }) => duration(waitingP95Ms),
  },
  {
    id: 'matched50',
    title: 'Matched p50',
    isNumber: true,
    from: 'tablet',
    sort: ({ matchedP50Ms }) => matchedP50Ms,
    cell: ({ matchedP50Ms }) => duration(matchedP50Ms),
  },
  {
    id: 'matched95',
    title: 'Matched p95',
    isNumber: true,
    from: 'desktop',
    sort: ({ matchedP95Ms }) => matchedP95Ms,
    cell: ({ matchedP95Ms }) => duration(matchedP95Ms),
  },
  {
    id: 'matches',
    title: 'Matches/min',
    isNumber: true,
    sort: ({ matchesPerMinute }) => matchesPerMinute,
    cell: ({ matchesPerMinute }) => number(matchesPerMinute),
  },
  { id: 'spread', title: 'Rating spread', isNumber: true, from: 'desktop', cell: ({ ratingSpread }) => number(ratingSpread) },
  { id: 'round', title: 'Round', isNumber: true, from: 'wide', cell: ({ roundMs }) => duration(roundMs) },
  { id: 'runner', title: 'Runner', from: 'desktop', cell: ({ runner }) => <ServerLink id={runner} /> },
];
