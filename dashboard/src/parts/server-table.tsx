import { Button } from '@mantine/core';
import { useMemo } from 'react';
import { ActMenu } from '../acts/act-buttons.js';
import { useAsk } from '../acts/act-context.js';
import { cordon, drain, serverActs, uncordon } from '../acts/server-acts.js';
import type { Server } from '../api/types.js';
import { useMayAct } from '../session/session.js';
import { type Column, sortingOf, textOf } from '../table/column.js';
import { DataTable } from '../table/data-table.js';
import { Age } from './age.js';
import { bytes, duration, NONE, number, percent, shortServer } from './format.js';
import { ServerLink } from './links.js';
import { LoadBar } from './load-bar.js';
import { Empty } from './page.js';
import { cpuTone, lagTone, ServerState, urgencyOf } from './server-state.js';
import { useFilters } from './use-filters.js';
import { useSelection } from './use-selection.js';

const FIRST = { column: 'state', isDescending: false };

export function ServerTable({ servers }: { readonly servers: readonly Server[] }) {
  const [{ sort }, setFilters] = useFilters();
  const mayAct = useMayAct();
  const games = useMemo(() => servers.filter(({ type, state }) => type === 'game' && state !== 'dead'), [servers]);
  const { selected, toggle, clear } = useSelection(useMemo(() => games.map(({ id }) => id), [games]));
  const columns = useMemo(() => (mayAct ? [checkboxes(selected, toggle), ...COLUMNS] : COLUMNS), [mayAct, selected, toggle]);
  // The sort is stable, so servers with the same urgency keep the order of their names.
  const named = useMemo(() => [...servers].sort((one, other) => COLLATOR.compare(one.id, other.id)), [servers]);
  return (
    <>
      {selected.size > 0 && <Selection servers={games.filter(({ id }) => selected.has(id))} onClear={clear} />}
      <DataTable
        label="Servers"
        columns={columns}
        rows={named}
        keyOf={({ id, incarnation }) => `${id} ${incarnation}`}
        sorting={sortingOf(sort, FIRST)}
        onSort={(sorting) => setFilters({ sort: textOf(sorting) })}
        classOf={({ state }) => (state === 'dead' ? 'gone' : undefined)}
        empty={<Empty>No server of this type. Start one, and it appears here.</Empty>}
      />
    </>
  );
}

const COLLATOR = new Intl.Collator(undefined, { numeric: true });

function Selection({ servers, onClear }: { readonly servers: readonly Server[]; readonly onClear: () => void }) {
  const ask = useAsk();
  return (
    <div className="selection">
      <span>{servers.length} selected</span>
      {[cordon(servers), uncordon(servers), drain(servers)].map((act) => (
        <Button key={act.verb} variant="default" onClick={() => ask(act)}>
          {act.verb}
        </Button>
      ))}
      <Button variant="subtle" onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}

function checkboxes(selected: ReadonlySet<string>, toggle: (id: string) => void): Column<Server> {
  return {
    id: 'select',
    title: 'Selected',
    hidesTitle: true,
    from: 'tablet',
    cell: ({ id, type, state }) =>
      type === 'game' && state !== 'dead' ? (
        <input type="checkbox" checked={selected.has(id)} onChange={() => toggle(id)} aria-label={`Select ${shortServer(id)}`} />
      ) : null,
  };
}

const isGame = ({ type }: Server) => type === 'game';

const COLUMNS: readonly Column<Server>[] = [
  { id: 'server', title: 'Server', sort: ({ id }) => id, cell: ({ id }) => <ServerLink id={id} /> },
  { id: 'state', title: 'State', sort: urgencyOf, cell: (server) => <ServerState server={server} /> },
  {
    id: 'load',
    title: 'Rooms',
    sort: (server) => (isGame(server) ? server.rooms : null),
    cell: (server) =>
      isGame(server) ? <LoadBar label={`Rooms of ${shortServer(server.id)}`} taken={server.rooms} limit={server.capacity} /> : '',
  },
  {
    id: 'players',
    title: 'Players',
    isNumber: true,
    from: 'tablet',
    sort: ({ players }) => players,
    cell: ({ players }) => number(players),
  },
  {
    id: 'cpu',
    title: 'CPU',
    isNumber: true,
    from: 'tablet',
    sort: ({ cpuPercent }) => cpuPercent,
    cell: ({ cpuPercent }) => <span className={cpuTone(cpuPercent)}>{percent(cpuPercent)}</span>,
  },
  {
    id: 'lag',
    title: 'Lag',
    isNumber: true,
    from: 'tablet',
    sort: ({ lagMs }) => lagMs,
    cell: ({ lagMs }) => <span className={lagTone(lagMs)}>{duration(lagMs)}</span>,
  },
  {
    id: 'commands',
    title: 'Commands/s',
    isNumber: true,
    from: 'desktop',
    sort: ({ commandsPerSecond }) => commandsPerSecond,
    cell: ({ commandsPerSecond }) => number(commandsPerSecond),
  },
  {
    id: 'ack',
    title: 'Ack p99',
    isNumber: true,
    from: 'desktop',
    sort: ({ ackP99Ms }) => ackP99Ms,
    cell: ({ ackP99Ms }) => duration(ackP99Ms),
  },
  {
    id: 'memory',
    title: 'Memory',
    isNumber: true,
    from: 'desktop',
    sort: ({ memoryBytes }) => memoryBytes,
    cell: ({ memoryBytes }) => bytes(memoryBytes),
  },
  {
    id: 'clock',
    title: 'Clock',
    isNumber: true,
    from: 'wide',
    sort: ({ clockOffsetMs }) => Math.abs(clockOffsetMs ?? 0),
    cell: ({ clockOffsetMs }) => (
      <span className={Math.abs(clockOffsetMs ?? 0) >= 1_000 ? 'warn' : undefined}>
        {clockOffsetMs === null ? NONE : `${clockOffsetMs < 0 ? '−' : '+'}${duration(Math.abs(clockOffsetMs))}`}
      </span>
    ),
  },
  { id: 'build', title: 'Build', from: 'wide', sort: ({ build }) => build, cell: ({ build }) => build },
  { id: 'region', title: 'Region', from: 'wide', sort: ({ region }) => region, cell: ({ region }) => region || NONE },
  {
    id: 'up',
    title: 'Up',
    isNumber: true,
    from: 'desktop',
    sort: ({ startedAt }) => -startedAt,
    cell: ({ startedAt }) => <Age at={startedAt} suffix="" />,
  },
  {
    id: 'acts',
    title: 'Acts',
    hidesTitle: true,
    cell: (server) => <ActMenu acts={serverActs(server)} about={shortServer(server.id)} />,
  },
];
