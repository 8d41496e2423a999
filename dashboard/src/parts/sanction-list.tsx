import { useQuery } from '@tanstack/react-query';
import { ActMenu } from '../acts/act-buttons.js';
import { unban, unmute } from '../acts/player-acts.js';
import { sanctionsQuery } from '../api/queries.js';
import type { Sanction } from '../api/types.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';
import { Age } from './age.js';
import { dayTime, NONE, number } from './format.js';
import { PlayerLink } from './links.js';
import { Empty, Missing, Section } from './page.js';
import { Pager } from './pager.js';
import { SearchField } from './search-field.js';
import { useFilters } from './use-filters.js';

/** All bans or all mutes of the fleet, newest first. */
export function SanctionList({ list }: { readonly list: 'bans' | 'mutes' }) {
  const [{ q, after }, setFilters, filterBy] = useFilters();
  const { data, error, refetch } = useQuery(sanctionsQuery(list, { q, after, limit: '200' }));
  const { title, columns, none } = LISTS[list];
  return (
    <>
      <search className="filters">
        <SearchField label="Search" placeholder="User" value={q} onChange={(value) => filterBy({ q: value })} />
      </search>
      {!data ? (
        <Missing error={error} retry={refetch} />
      ) : (
        <Section title={title} className="headless">
          <DataTable
            label={title}
            columns={columns}
            rows={data.sanctions}
            keyOf={({ user }) => user}
            empty={<Empty>{q ? 'No user in this list matches.' : none}</Empty>}
          />
          <Pager after={after} next={data.next} setFilters={setFilters}>
            {number(data.sanctions.length)} shown of {number(data.total)}
          </Pager>
        </Section>
      )}
    </>
  );
}

const COLUMNS: readonly Column<Sanction>[] = [
  { id: 'user', title: 'User', cell: ({ user }) => <PlayerLink user={user} /> },
  { id: 'until', title: 'Until', cell: ({ until }) => (until === null ? 'an operator lifts it' : dayTime(until)) },
  { id: 'at', title: 'Since', from: 'tablet', cell: ({ at }) => <Age at={at} /> },
  { id: 'by', title: 'By', from: 'tablet', cell: ({ by }) => by },
  { id: 'note', title: 'Note', from: 'tablet', grows: true, cell: ({ note }) => note ?? NONE },
];

const acts = (actOf: typeof unban): Column<Sanction> => ({
  id: 'acts',
  title: 'Acts',
  hidesTitle: true,
  cell: ({ user }) => <ActMenu acts={[actOf({ user, name: null })]} about={user} />,
});

const LISTS = {
  bans: {
    title: 'Bans',
    columns: [...COLUMNS, acts(unban)],
    none: 'Nobody is banned. To ban a player, find the player under Sessions.',
  },
  mutes: {
    title: 'Mutes',
    columns: [...COLUMNS, acts(unmute)],
    none: 'Nobody is muted. To mute a player in all chats, find the player under Sessions.',
  },
};
