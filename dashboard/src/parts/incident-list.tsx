import { useMemo } from 'react';
import type { Incident } from '../api/types.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';
import { Age } from './age.js';
import { duration, NONE, number, time } from './format.js';
import { ServerLink } from './links.js';
import { Pill, type Tone } from './pill.js';

const EXPLANATION = {
  suspected: 'There is no verdict yet.',
  healed: 'The server answered again before a verdict.',
  restarted: 'The server left or registered again before a verdict.',
  evicted: 'The server was declared dead, and other servers took over its rooms.',
};

function incidentTone({ outcome, severity }: Incident): Tone {
  if (severity === 'critical') return 'bad';
  return outcome === 'suspected' ? 'warn' : 'info';
}

interface IncidentListProps {
  readonly label: string;
  readonly incidents: readonly Incident[];
  readonly hidesServer?: boolean;
}

export function IncidentList({ label, incidents, hidesServer = false }: IncidentListProps) {
  const columns = useMemo(() => COLUMNS.filter(({ id }) => !hidesServer || id !== 'server'), [hidesServer]);
  return (
    <DataTable
      label={label}
      columns={columns}
      rows={incidents}
      keyOf={({ server, incarnation, beganAt }) => `${server} ${incarnation} ${beganAt}`}
    />
  );
}

const COLUMNS: readonly Column<Incident>[] = [
  { id: 'began', title: 'Began', cell: ({ beganAt }) => <span title={new Date(beganAt).toISOString()}>{time(beganAt)}</span> },
  { id: 'server', title: 'Server', cell: ({ server }) => <ServerLink id={server} /> },
  {
    id: 'outcome',
    title: 'Outcome',
    cell: (incident) => (
      <Pill tone={incidentTone(incident)} title={EXPLANATION[incident.outcome]}>
        {incident.outcome}
      </Pill>
    ),
  },
  { id: 'reasons', title: 'Reasons', from: 'desktop', grows: true, cell: ({ reasons }) => reasons.join(', ') },
  { id: 'rooms', title: 'Rooms', isNumber: true, from: 'tablet', cell: ({ rooms }) => number(rooms) },
  { id: 'pause', title: 'Pause', isNumber: true, cell: ({ pauseMs }) => duration(pauseMs) },
  {
    id: 'ended',
    title: 'Ended',
    from: 'tablet',
    cell: ({ endedAt }) => (endedAt === null ? <Pill tone="bad">not over</Pill> : time(endedAt)),
  },
  {
    id: 'returned',
    title: 'Server is back',
    from: 'desktop',
    cell: ({ returnedAt, outcome }) => (returnedAt === null ? outcome === 'evicted' ? 'not yet' : NONE : <Age at={returnedAt} />),
  },
];
