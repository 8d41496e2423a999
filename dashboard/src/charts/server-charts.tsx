import { useQuery } from '@tanstack/react-query';
import { seriesQuery } from '../api/queries.js';
import { Chart } from './chart.js';

const MINUTES = 60;

/** The last hour of one server. Nothing is shown before there are samples. */
export function ServerCharts({ id }: { readonly id: string }) {
  const { data } = useQuery(seriesQuery(MINUTES, id));
  const server = data?.servers[0];
  if (!data || !server) return null;
  const common = { at: data.at, pauses: data.pauses.filter((pause) => pause.server === id) };
  const charts = [
    { title: server.type === 'game' ? 'Rooms' : 'Sessions', unit: '', values: server.load },
    { title: 'CPU', unit: '%', values: server.cpuPercent },
    { title: 'Event loop lag', unit: 'ms', values: server.lagMs },
    { title: 'Commands a second', unit: '', values: server.commandsPerSecond },
  ];
  return (
    <div className="charts">
      {charts.map(
        ({ title, unit, values }) =>
          values?.some((value) => value !== null) && (
            <Chart {...common} key={title} title={`${title}, last hour`} unit={unit} lines={[{ label: title.toLowerCase(), values }]} />
          ),
      )}
    </div>
  );
}
