import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { seriesQuery } from '../api/queries.js';
import type { Series } from '../api/types.js';
import { Chart } from '../charts/chart.js';
import { shortServer } from '../parts/format.js';
import { Empty, Missing, Page } from '../parts/page.js';
import { useFilters } from '../parts/use-filters.js';

const RANGES = [
  { value: '15', label: '15 min' },
  { value: '', label: '1 h' },
  { value: '360', label: '6 h' },
  { value: '1440', label: '24 h' },
];
/** More lines are hard to distinguish. The servers with the most load are shown. */
const SERVERS_SHOWN = 8;

/** The last hours of the fleet. A marked span is a pause of players during an incident. */
export function ChartsPage() {
  const [{ minutes = '' }, setFilters] = useFilters();
  const { data, error, refetch } = useQuery(seriesQuery(Number(minutes) || 60));
  return (
    <Page
      title="Charts"
      acts={<SegmentedControl aria-label="Range" data={RANGES} value={minutes} onChange={(value) => setFilters({ minutes: value })} />}
    >
      {!data ? (
        <Missing error={error} retry={refetch} />
      ) : data.at.length < 2 ? (
        <Empty>There are no samples yet. The gateways keep one every ten seconds, so the charts begin within a minute.</Empty>
      ) : (
        <Charts series={data} />
      )}
    </Page>
  );
}

function Charts({ series }: { readonly series: Series }) {
  const { fleet, at, pauses } = series;
  const common = { at, pauses };
  const games = busiest(series, 'game');
  return (
    <div className="charts">
      <Chart
        {...common}
        title="Games"
        lines={[
          { label: 'games', values: fleet.games },
          { label: 'slots', values: fleet.slots },
        ]}
      />
      <Chart {...common} title="Sessions" lines={[{ label: 'sessions', values: fleet.sessions }]} />
      <Chart {...common} title="Commands a second" lines={[{ label: 'commands/s', values: fleet.commandsPerSecond }]} />
      <Chart {...common} title="Acknowledgement p99" unit="ms" lines={[{ label: 'worst server', values: fleet.ackP99Ms }]} />
      <Chart {...common} title="Event loop lag" unit="ms" lines={[{ label: 'worst server, p99', values: fleet.lagMs }]} />
      <Chart
        {...common}
        title="Rooms without an owner"
        lines={[
          { label: 'rooms', values: fleet.ownerlessRooms },
          { label: 'game servers', values: fleet.gameServers },
        ]}
      />
      <Chart {...common} title="Games per server" lines={games.map(({ id, load }) => ({ label: shortServer(id), values: load }))} />
    </div>
  );
}

function busiest({ servers }: Series, type: string): Series['servers'] {
  const last = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? 0;
  return servers
    .filter((server) => server.type === type)
    .sort((one, other) => last(other.load) - last(one.load) || one.id.localeCompare(other.id))
    .slice(0, SERVERS_SHOWN);
}
