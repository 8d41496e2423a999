import type { ReactNode } from 'react';
import type { RecordedAct } from '../api/types.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';
import { duration, NONE, shortServer, time } from './format.js';
import { PlayerLink, RoomLink, ServerLink } from './links.js';
import { Pill, type Tone } from './pill.js';

interface AuditTableProps {
  readonly label: string;
  readonly acts: readonly RecordedAct[];
  readonly empty: ReactNode;
}

export function AuditTable({ label, acts, empty }: AuditTableProps) {
  return <DataTable label={label} columns={COLUMNS} rows={acts} keyOf={({ id }) => id} empty={empty} />;
}

const TONES: Readonly<Record<RecordedAct['outcome'], Tone>> = {
  running: 'info',
  done: 'good',
  refused: 'warn',
  failed: 'bad',
  lost: 'bad',
};

function Target({ act: { act, target } }: { readonly act: RecordedAct }) {
  if (act.startsWith('server.')) return <ServerLink id={target.includes(':') ? target : null} />;
  return act.startsWith('room.') ? <RoomLink id={target} /> : <PlayerLink user={target} />;
}

/** Describes the changes of an act, or the reason why there are none. */
function resultOf({ message, result, progress, outcome }: RecordedAct): string {
  if (message) return message;
  if (outcome === 'running' && progress) return `${progress.total - progress.left} of ${progress.total} rooms have moved`;
  return Object.entries(result ?? {})
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? shortServer(value) : value}`)
    .join(', ');
}

const COLUMNS: readonly Column<RecordedAct>[] = [
  { id: 'at', title: 'Time', cell: ({ at }) => time(at) },
  { id: 'actor', title: 'Who', cell: ({ actor, role }) => <span title={role}>{actor}</span> },
  { id: 'act', title: 'Act', cell: ({ act }) => act },
  { id: 'target', title: 'Target', cell: (act) => <Target act={act} /> },
  {
    id: 'outcome',
    title: 'Outcome',
    from: 'tablet',
    cell: ({ outcome, code }) => <Pill tone={TONES[outcome]}>{outcome === 'refused' && code ? `refused: ${code}` : outcome}</Pill>,
  },
  { id: 'result', title: 'Result', from: 'wide', grows: true, cell: resultOf },
  { id: 'note', title: 'Note', from: 'tablet', grows: true, cell: ({ note }) => note ?? NONE },
  {
    id: 'took',
    title: 'Took',
    isNumber: true,
    from: 'desktop',
    cell: ({ at, endedAt }) => duration(endedAt === null ? null : endedAt - at),
  },
];
