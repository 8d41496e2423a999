import { NativeSelect, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ActMenu } from '../acts/act-buttons.js';
import { playerActs, unban, unmute } from '../acts/player-acts.js';
import { bansQuery, mutesQuery, playersQuery, serversQuery } from '../api/queries.js';
import type { Player, Sanction } from '../api/types.js';
import { Age } from '../parts/age.js';
import { dayTime, number, shortServer } from '../parts/format.js';
import { PlayerLink, RoomLink, ServerLink } from '../parts/links.js';
import { Empty, Missing, Page, Section } from '../parts/page.js';
import { Pager } from '../parts/pager.js';
import { Pill } from '../parts/pill.js';
import { SearchField } from '../parts/search-field.js';
import { useFilters } from '../parts/use-filters.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';

const LISTS = [
  { value: '', label: 'Sessions' },
  { value: 'bans', label: 'Bans' },
  { value: 'mutes', label: 'Mutes' },
];

export function PlayersPage() {
  const [{ list = '' }, setFilters] = useFilters();
  return (
    <Page
      title="Players"
      acts={
        <SegmentedControl aria-label="List" data={LISTS} value={list} onChange={(value) => setFilters({ list: value, after: undefined })} />
      }
    >
      {list === 'bans' ? <Bans /> : list === 'mutes' ? <Mutes /> : <Sessions />}
    </Page>
  );
}

function Sessions() {
  const [{ q, gateway, after }, setFilters] = useFilters();
  const { data, error, refetch } = useQuery(playersQuery({ q, gateway, after, limit: '200' }));
  const servers = useQuery(serversQuery).data?.servers ?? [];
  const gateways = servers
    .filter(({ type, state }) => type === 'gateway' && state !== 'dead')
    .map(({ id }) => ({ value: id, label: shortServer(id) }));
  return (
    <>
      <search className="filters">
        <SearchField
          label="Search"
          placeholder="User, name or address"
          value={q ?? ''}
          onChange={(value) => setFilters({ q: value, after: undefined })}
        />
        <NativeSelect
          label="Gateway"
          data={[{ value: '', label: 'Any' }, ...gateways]}
          value={gateway ?? ''}
          onChange={({ currentTarget }) => setFilters({ gateway: currentTarget.value, after: undefined })}
        />
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

function Bans() {
  const { data, error, refetch } = useQuery(bansQuery);
  if (!data) return <Missing error={error} retry={refetch} />;
  return (
    <Section title="Bans" aside={<span className="aside">{number(data.total)}</span>}>
      <DataTable
        label="Bans"
        columns={BANS}
        rows={data.sanctions}
        keyOf={({ user }) => user}
        empty={<Empty>Nobody is banned. To ban a player, find the player under Sessions.</Empty>}
      />
    </Section>
  );
}

function Mutes() {
  const { data, error, refetch } = useQuery(mutesQuery);
  if (!data) return <Missing error={error} retry={refetch} />;
  return (
    <Section title="Mutes" aside={<span className="aside">{number(data.total)}</span>}>
      <DataTable
        label="Mutes"
        columns={MUTES}
        rows={data.sanctions}
        keyOf={({ user }) => user}
        empty={<Empty>Nobody is muted. To mute a player in all chats, find the player under Sessions.</Empty>}
      />
    </Section>
  );
}

export function ConnectionState({ player }: { readonly player: Player }) {
  if (!player.connected) return <Pill tone="warn">connection lost</Pill>;
  return <Pill tone="good">{player.searching ? 'searching' : player.watching ? 'watching' : 'connected'}</Pill>;
}

const SESSIONS: readonly Column<Player>[] = [
  { id: 'name', title: 'Player', cell: ({ user, name }) => <PlayerLink user={user} name={name} /> },
  { id: 'user', title: 'User', from: 'desktop', cell: ({ user }) => <code>{user}</code> },
  { id: 'state', title: 'State', cell: (player) => <ConnectionState player={player} /> },
  { id: 'room', title: 'Room', from: 'tablet', cell: ({ room }) => (room ? <RoomLink id={room} /> : '–') },
  { id: 'gateway', title: 'Gateway', from: 'tablet', cell: ({ gateway }) => <ServerLink id={gateway} /> },
  { id: 'address', title: 'Address', from: 'desktop', cell: ({ address, transport }) => (address ? `${address} (${transport})` : '–') },
  { id: 'since', title: 'Since', isNumber: true, from: 'tablet', cell: ({ since }) => <Age at={since} /> },
  {
    id: 'acts',
    title: 'Acts',
    hidesTitle: true,
    cell: ({ user, name }) => <ActMenu acts={playerActs({ user, name, hasSession: true })} about={name || user} />,
  },
];

const SANCTIONS: readonly Column<Sanction>[] = [
  { id: 'user', title: 'User', cell: ({ user }) => <PlayerLink user={user} /> },
  { id: 'until', title: 'Until', cell: ({ until }) => (until === null ? 'lifted' : dayTime(until)) },
  { id: 'at', title: 'Since', from: 'tablet', cell: ({ at }) => <Age at={at} /> },
  { id: 'by', title: 'By', from: 'tablet', cell: ({ by }) => by },
  { id: 'note', title: 'Note', from: 'tablet', grows: true, cell: ({ note }) => note ?? '–' },
];

const acts = (actOf: typeof unban): Column<Sanction> => ({
  id: 'acts',
  title: 'Acts',
  hidesTitle: true,
  cell: ({ user }) => <ActMenu acts={[actOf({ user, name: null })]} about={user} />,
});
const BANS = [...SANCTIONS, acts(unban)];
const MUTES = [...SANCTIONS, acts(unmute)];
