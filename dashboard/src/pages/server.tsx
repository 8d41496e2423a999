import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { ActButtons } from '../acts/act-buttons.js';
import { serverActs } from '../acts/server-acts.js';
import { roomsQuery, serverQuery } from '../api/queries.js';
import type { ServerDetail } from '../api/types.js';
import { Age } from '../parts/age.js';
import { Facts } from '../parts/facts.js';
import { bytes, duration, number, percent, shortServer } from '../parts/format.js';
import { IncidentList } from '../parts/incident-list.js';
import { ServerLink } from '../parts/links.js';
import { LoadBar } from '../parts/load-bar.js';
import { Empty, Missing, Page, Section } from '../parts/page.js';
import { Pill } from '../parts/pill.js';
import { RoomTable } from '../parts/room-table.js';
import { cpuTone, lagTone, ServerState } from '../parts/server-state.js';
import { Stat } from '../parts/stat.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';

const route = getRouteApi('/servers/$id');
const ServerCharts = lazy(async () => ({ default: (await import('../charts/server-charts.js')).ServerCharts }));

/** Everything that the fleet knows about one server. */
export function ServerPage() {
  const { id } = route.useParams();
  const { data: server, error, refetch } = useQuery(serverQuery(id));
  const name = shortServer(id);
  if (!server)
    return (
      <Page title={name}>
        <Missing error={error} retry={refetch} />
      </Page>
    );
  const acts = serverActs(server);
  return (
    <Page title={name} aside={<ServerState server={server} />} acts={<ActButtons acts={acts} about={name} />}>
      <dl className="stats" aria-label="Present state">
        {server.type === 'game' && (
          <Stat
            label="Rooms"
            value={number(server.rooms)}
            detail={<LoadBar label={`Rooms of ${name}`} taken={server.rooms} limit={server.capacity} />}
          />
        )}
        <Stat label="Players" value={number(server.players)} />
        <Stat label="CPU" value={percent(server.cpuPercent)} detail="of one core" tone={cpuTone(server.cpuPercent)} />
        <Stat label="Event loop lag" value={duration(server.lagMs)} detail="p99" tone={lagTone(server.lagMs)} />
        <Stat label="Memory" value={bytes(server.memoryBytes)} detail={server.live ? `heap ${bytes(server.live.heapBytes)}` : undefined} />
        {server.type === 'game' && (
          <Stat
            label="Commands/s"
            value={number(server.commandsPerSecond)}
            detail={server.ackP99Ms === null ? undefined : `p99 ${duration(server.ackP99Ms)}`}
          />
        )}
      </dl>
      <div className="columns">
        <Section title="Health">
          <Facts facts={healthOf(server)} />
        </Section>
        <Section title="Identity">
          <Facts facts={identityOf(server)} />
        </Section>
      </div>
      {server.incidents.length > 0 && (
        <Section title="Incidents" aside={<span className="aside">of the last day</span>}>
          <IncidentList label={`Incidents of ${name}`} incidents={server.incidents} hidesServer />
        </Section>
      )}
      <Suspense>
        <ServerCharts id={id} />
      </Suspense>
      {server.type === 'game' && <Rooms id={id} name={name} />}
      <Section title="Links" aside={<span className="aside">to other servers</span>}>
        {server.live ? (
          <DataTable
            label={`Links of ${name}`}
            columns={LINKS}
            rows={server.live.links}
            keyOf={({ server: peer, incarnation }) => `${peer} ${incarnation}`}
            empty={<Empty>No link is open. Servers link when they need each other.</Empty>}
          />
        ) : (
          <Empty>The server does not answer, so its links are not known.</Empty>
        )}
      </Section>
    </Page>
  );
}

function Rooms({ id, name }: { readonly id: string; readonly name: string }) {
  const { data, error, refetch } = useQuery(roomsQuery({ server: id, limit: 1_000 }));
  return (
    <Section title="Rooms" aside={data && <span className="aside">{number(data.rooms.length)}</span>}>
      {data ? (
        <RoomTable label={`Rooms of ${name}`} rooms={data.rooms} hidesOwner empty={<Empty>It has no rooms.</Empty>} />
      ) : (
        <Missing error={error} retry={refetch} />
      )}
    </Section>
  );
}

function healthOf({ health, suspect, unheard, willing, withheld, live, clockOffsetMs, deadReason, deadAt, settledAt }: ServerDetail) {
  return {
    'Missed checks': suspect === 0 ? 'none' : <Pill tone="bad">{suspect} in a row</Pill>,
    'Checked by': <ServerLink id={health.checker} />,
    'Votes for eviction': health.votes.length === 0 ? 'none' : <Pill tone="bad">{health.votes.map(shortServer).join(', ')}</Pill>,
    'Not reached by': health.unreachedBy.length === 0 ? 'none' : <Pill tone="bad">{health.unreachedBy.map(shortServer).join(', ')}</Pill>,
    'Answers over Redis': unheard || suspect > 0 || deadAt !== null ? <Pill tone="bad">no</Pill> : 'yes',
    'Can use Redis': live ? live.storeAvailable ? 'yes' : <Pill tone="bad">no</Pill> : 'not known: it does not answer',
    'Gets new rooms': willing ? 'yes' : `no${withheld.length > 0 ? `: ${withheld.join(', ')}` : ''}`,
    'Clock offset': clockOffsetMs === null ? 'not known' : `${number(clockOffsetMs)} ms`,
    ...(deadAt !== null && {
      Died: (
        <>
          <Age at={deadAt} /> ({deadReason})
        </>
      ),
      'Cleaned up': settledAt === null ? 'not yet' : <Age at={settledAt} />,
    }),
  };
}

function identityOf({
  id,
  incarnation,
  build,
  region,
  canary,
  link,
  ops,
  startedAt,
  registeredAt,
  games,
  live,
  capacity,
  reserved,
  type,
}: ServerDetail) {
  const offered = Object.entries(games);
  return {
    Id: <code>{id}</code>,
    Incarnation: number(incarnation),
    Build: canary ? `${build} (canary: only rooms that request it)` : build,
    Region: region || 'none',
    Link: <code>{link}</code>,
    'Ops port': <code>{ops}</code>,
    Started: <Age at={startedAt} />,
    Registered: <Age at={registeredAt} />,
    Process: live ? `${live.pid}, Node ${live.node}` : undefined,
    Slots: type === 'game' ? `${number(capacity)}, ${number(reserved)} reserved` : undefined,
    Games: offered.length > 0 ? offered.map(([game, { version }]) => `${game} v${version}`).join(', ') : undefined,
  };
}

type LinkFacts = NonNullable<ServerDetail['live']>['links'][number];

const LINKS: readonly Column<LinkFacts>[] = [
  { id: 'server', title: 'Server', cell: ({ server }) => <ServerLink id={server} /> },
  { id: 'incarnation', title: 'Incarnation', isNumber: true, from: 'tablet', cell: ({ incarnation }) => number(incarnation) },
  { id: 'state', title: 'State', cell: ({ silent }) => (silent ? <Pill tone="bad">silent</Pill> : <Pill tone="good">answers</Pill>) },
  { id: 'backlog', title: 'Backlog', isNumber: true, cell: ({ backlogBytes }) => bytes(backlogBytes) },
];
