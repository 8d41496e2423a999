import { EVENTS_KEPT, useEvents } from '../api/event-stream.js';
import type { ShownEvent } from '../api/types.js';
import { shortServer, time } from '../parts/format.js';
import { RoomLink, ServerLink } from '../parts/links.js';
import { Empty, Page, Section } from '../parts/page.js';
import { Pill, type Tone } from '../parts/pill.js';
import { SelectField } from '../parts/select-field.js';
import { useFilters } from '../parts/use-filters.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';

/** Kinds that are no events of rooms. */
const SERVERS = 'server,store,eviction,players,health,recovery';
const KINDS = [
  { value: '', label: 'Servers' },
  { value: 'rooms', label: 'Rooms' },
  { value: 'all', label: 'Everything' },
  { value: 'server', label: 'Registrations and verdicts' },
  { value: 'recovery', label: 'Recoveries' },
  { value: 'health', label: 'Health checks' },
  { value: 'store', label: 'Redis' },
  { value: 'players', label: 'Redirected players' },
];
const SEVERITIES = [
  { value: '', label: 'Information' },
  { value: 'warning', label: 'Warnings' },
  { value: 'critical', label: 'Critical' },
];
const TONES: Readonly<Record<string, Tone>> = { info: 'quiet', warning: 'warn', critical: 'bad' };

export function EventsPage() {
  const [{ kind = '', severity = '' }, setFilters] = useFilters();
  const { events, isConnected } = useEvents({ kind: filterOf(kind), severity: severity || 'info' });
  return (
    <Page
      title="Events"
      aside={<span className={isConnected ? 'freshness live' : 'freshness stale'}>{isConnected ? 'Live' : 'Connecting …'}</span>}
    >
      <Section
        title="Latest events"
        aside={
          <div className="filters">
            <SelectField label="About" choices={KINDS} value={kind} onChange={(value) => setFilters({ kind: value })} />
            <SelectField label="At least" choices={SEVERITIES} value={severity} onChange={(value) => setFilters({ severity: value })} />
          </div>
        }
      >
        <DataTable
          label="Events, newest first"
          columns={COLUMNS}
          rows={events}
          keyOf={({ id }) => id}
          empty={<Empty>No event with these filters yet. Events appear here as they happen, each with its reason.</Empty>}
        />
        {events.length >= EVENTS_KEPT && <p className="foot">Older events are not shown. The logs of the servers have them.</p>}
      </Section>
    </Page>
  );
}

function filterOf(kind: string): string {
  if (kind === '') return SERVERS;
  if (kind === 'all') return '';
  return kind === 'rooms' ? 'room' : kind;
}

const COLUMNS: readonly Column<ShownEvent>[] = [
  { id: 'at', title: 'Time', cell: ({ at }) => time(at) },
  {
    id: 'kind',
    title: 'Event',
    cell: ({ kind, severity = 'info' }) => (
      <Pill tone={TONES[severity] ?? 'quiet'} title={severity}>
        {kind}
      </Pill>
    ),
  },
  { id: 'about', title: 'About', cell: ({ server, room }) => (room ? <RoomLink id={room} /> : <ServerLink id={server} />) },
  { id: 'reason', title: 'Reason', from: 'tablet', cell: ({ reason }) => reason },
  { id: 'detail', title: 'Details', from: 'desktop', grows: true, cell: ({ detail }) => detailsOf(detail) },
  { id: 'by', title: 'Reported by', from: 'desktop', cell: ({ by }) => shortServer(by) },
];

function detailsOf(detail: ShownEvent['detail']): string {
  return Object.entries(detail ?? {})
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(', ');
}
