import { Button, Checkbox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useAsk } from '../acts/act-context.js';
import { end, migrate } from '../acts/room-acts.js';
import { roomsQuery, serversQuery } from '../api/queries.js';
import type { Server, ShownRoom } from '../api/types.js';
import { Age } from '../parts/age.js';
import { number, shortServer } from '../parts/format.js';
import { Empty, Missing, Page, Section } from '../parts/page.js';
import { Pager } from '../parts/pager.js';
import { RoomTable } from '../parts/room-table.js';
import { SearchField } from '../parts/search-field.js';
import { ANY, type Choice, SelectField } from '../parts/select-field.js';
import { type FilterBy, useFilters } from '../parts/use-filters.js';
import { useSelection } from '../parts/use-selection.js';
import type { Search } from '../router.js';
import { useMayAct } from '../session/session.js';
import { sortingOf, textOf } from '../table/column.js';

const PAGE = 200;
const STATUSES = [
  ANY,
  { value: 'playing', label: 'Playing' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'starting', label: 'Starting' },
  { value: 'closed', label: 'Closed' },
];

/** All rooms, with filters and an order that the gateway applies. One page of them polls. */
export function RoomsPage() {
  const [filters, setFilters, filterBy] = useFilters();
  const { q, game, status, server, ownerless, after } = filters;
  const sorting = sortingOf(filters.sort, { column: 'created', isDescending: true });
  const { data, error, refetch } = useQuery(
    roomsQuery({
      q,
      game,
      status,
      server,
      ownerless,
      after,
      sort: sorting.column,
      order: sorting.isDescending ? 'desc' : 'asc',
      limit: PAGE,
    }),
  );
  const rooms = useMemo(() => data?.rooms ?? [], [data]);
  const { selected, toggle, clear } = useSelection(useMemo(() => rooms.map(({ id }) => id), [rooms]));
  const mayAct = useMayAct();
  return (
    <Page
      title="Rooms"
      aside={
        data && (
          <span className="aside">
            {data.matched === data.total ? number(data.total) : `${number(data.matched)} of ${number(data.total)}`}
          </span>
        )
      }
    >
      <RoomFilters filters={filters} filterBy={filterBy} />
      {!data ? (
        <Missing error={error} retry={refetch} />
      ) : (
        <Section title="Rooms" className="headless">
          {selected.size > 0 && <Selection rooms={rooms.filter(({ id }) => selected.has(id))} onClear={clear} />}
          <RoomTable
            label="Rooms"
            rooms={rooms}
            sorting={sorting}
            onSort={(next) => setFilters({ sort: textOf(next), after: undefined })}
            empty={<NoRooms isFiltered={[q, game, status, server, ownerless].some(Boolean)} filterBy={filterBy} />}
            {...(mayAct && { selected, onToggle: toggle })}
          />
          <Pager after={after} next={data.next} setFilters={setFilters}>
            {number(rooms.length)} shown, order of <Age at={data.asOf} />
            {!data.complete && '; the fleet has more rooms than this list considers, and the oldest ones are left out'}
          </Pager>
        </Section>
      )}
    </Page>
  );
}

function RoomFilters({ filters, filterBy }: { readonly filters: Search; readonly filterBy: FilterBy }) {
  const { data } = useQuery(serversQuery);
  const servers = data?.servers ?? [];
  return (
    <search className="filters">
      <SearchField label="Search" placeholder="Room or player" value={filters.q} onChange={(q) => filterBy({ q })} />
      <SelectField
        label="Game"
        choices={choices(filters.game, gamesOf(servers))}
        value={filters.game}
        onChange={(game) => filterBy({ game })}
      />
      <SelectField label="Status" choices={STATUSES} value={filters.status} onChange={(status) => filterBy({ status })} />
      <SelectField
        label="Owner"
        choices={choices(
          filters.server,
          servers.filter(({ type }) => type === 'game').map(({ id }) => id),
          shortServer,
        )}
        value={filters.server}
        onChange={(server) => filterBy({ server })}
      />
      <Checkbox
        label="Without owner"
        checked={filters.ownerless === 'true'}
        onChange={({ currentTarget }) => filterBy({ ownerless: currentTarget.checked ? 'true' : undefined })}
      />
    </search>
  );
}

/** The choices of a filter, with the present one even when nothing offers it any more. */
function choices(present: string | undefined, offered: readonly string[], labelOf = (value: string) => value): Choice[] {
  const values = [...new Set([...(present ? [present] : []), ...offered])].sort();
  return [ANY, ...values.map((value) => ({ value, label: labelOf(value) }))];
}

function gamesOf(servers: readonly Server[]): string[] {
  return servers.flatMap(({ games }) => Object.keys(games));
}

function Selection({ rooms, onClear }: { readonly rooms: readonly ShownRoom[]; readonly onClear: () => void }) {
  const ask = useAsk();
  const playing = rooms.filter(({ status }) => status === 'playing');
  return (
    <div className="selection">
      <span>{rooms.length} selected</span>
      {playing.length > 0 && (
        <>
          <Button variant="default" onClick={() => ask(migrate(playing))}>
            Migrate
          </Button>
          <Button variant="outline" color="red" onClick={() => ask(end(playing))}>
            End
          </Button>
        </>
      )}
      <Button variant="subtle" onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}

function NoRooms({ isFiltered, filterBy }: { readonly isFiltered: boolean; readonly filterBy: FilterBy }) {
  if (!isFiltered) return <Empty>There are no rooms. A room appears here when a player creates one or finds a match.</Empty>;
  const reset = { q: undefined, game: undefined, status: undefined, server: undefined, ownerless: undefined };
  return (
    <Empty>
      No room matches these filters.{' '}
      <Button variant="default" onClick={() => filterBy(reset)}>
        Remove the filters
      </Button>
    </Empty>
  );
}
