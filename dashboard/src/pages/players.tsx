import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ActMenu } from '../acts/act-buttons.js';
import { playerActs } from '../acts/player-acts.js';
import { playersQuery, serversQuery } from '../api/queries.js';
import type { Player } from '../api/types.js';
import { Age } from '../parts/age.js';
import { NONE, number, shortServer } from '../parts/format.js';
import { PlayerLink, RoomLink, ServerLink } from '../parts/links.js';
import { Empty, Missing, Page, Section } from '../parts/page.js';
import { Pager } from '../parts/pager.js';
import { Pill } from '../parts/pill.js';
import { SanctionList } from '../parts/sanction-list.js';
import { SearchField } from '../parts/search-field.js';
import { ANY, SelectField } from '../parts/select-field.js';
import { useFilters } from '../parts/use-filters.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';

const LISTS = [
  { value: '', label: 'Sessions' },
  { value: 'bans', label: 'Bans' },
  { value: 'mutes', label: 'Mutes' },
];

export function PlayersPage() {
  const [{ list = '' }, , filterBy] = useFilters();
  return (
    <Page
      title="Players"
      acts={<SegmentedControl aria-label="List" data={LISTS} value={list} onChange={(value) => filterBy({ list: value })} />}
    >
      {list === 'bans' || list === 'mutes' ? <SanctionList key={list} list={list} /> : <Sessions />}
    </Page>
  );
}

function Sessions() {
  const [{ q, gateway, after }, setFilters, filterBy] = useFilters();
  const { data, error, refetch } = useQuery(playersQuery({ q, gateway, after, limit: '200' }));
  const servers = useQuery(serversQuery).data?.servers ?? [];
  const gateways = servers
    .filter(({ type, state }) => type === 'gateway' && state !== 'dead')
    .map(({ id }) => ({ value: id, label: shortServer(id) }));
  return (
    <>
      <search className="filters">
        <SearchField label="Search" placeholder="User, name or address" value={q} onChange={(value) => filterBy({ q: value })} />
        <SelectField label="Gateway" choices={[ANY, ...gateways]} value={gateway} onChange={(value) => filterBy({ gateway: value })} />
      </search>
      {!data ? (
        <Missing error={error} retry={refetch} />
      ) : (
        <Section title="Sessions" className="headless">
          {data.missing.length > 0 && (
            <p className="open-incident warn">
              {data.missing.map(shortServer).join(', ')} did not answer in time, so the sessions there are not in this list.
            </p>
          )}
          <DataTable
            label="Sessions of players"
            columns={SESSIONS}
            rows={data.players}
            keyOf={({ user }) => user}
            empty={
              <Empty>
                {q || gateway
                  ? 'No session matches. A player without a session may have a ban: see the list of bans.'
                  : 'Nobody is logged in. Players appear here when they log in.'}
              </Empty>
            }
          />
          <Pager after={after} next={data.next} setFilters={setFilters}>
            {data.matched === data.total ? `${number(data.total)} sessions` : `${number(data.matched)} of ${number(data.total)} sessions`}
          </Pager>
        </Section>
      )}
    </>
  );
}

function ConnectionState({ player }: { readonly player: Player }) {
  if (!player.connected) return <Pill tone="warn">connection lost</Pill>;
  return <Pill tone="good">{player.searching ? 'searching' : player.watching ? 'watching' : 'connected'}</Pill>;
}

const SESSIONS: readonly Column<Player>[] = [
  { id: 'name', title: 'Player', cell: ({ user, name }) => <PlayerLink user={user} name={name} /> },
  { id: 'user', title: 'User', from: 'desktop', cell: ({ user }) => <code>{user}</code> },
  { id: 'state', title: 'State', cell: (player) => <ConnectionState player={player} /> },
  { id: 'room', title: 'Room', from: 'tablet', cell: ({ room }) => (room ? <RoomLink id={room} /> : NONE) },
  { id: 'gateway', title: 'Gateway', from: 'tablet', cell: ({ gateway }) => <ServerLink id={gateway} /> },
  { id: 'address', title: 'Address', from: 'desktop', cell: ({ address, transport }) => (address ? `${address} (${transport})` : NONE) },
  { id: 'since', title: 'Since', isNumber: true, from: 'tablet', cell: ({ since }) => <Age at={since} /> },
  {
    id: 'acts',
    title: 'Acts',
    hidesTitle: true,
    cell: ({ user, name }) => <ActMenu acts={playerActs({ user, name, hasSession: true })} about={name || user} />,
  },
];
