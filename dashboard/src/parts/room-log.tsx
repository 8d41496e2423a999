import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { historyQuery } from '../api/queries.js';
import type { Change } from '../api/types.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';
import { bytes, NONE, number, time } from './format.js';
import { Empty, Missing, Section } from './page.js';

interface RoomLogProps {
  readonly id: string;
  /** The newest version of the room. The log is read again when it changes. */
  readonly version: number;
  /** The version whose state is shown. */
  readonly shown: number | undefined;
  readonly onChoose: (version: number) => void;
}

/** The changes of a game, newest first. A click on a version shows the state after it. */
export function RoomLog({ id, version, shown, onChoose }: RoomLogProps) {
  const [before, setBefore] = useState<number | undefined>(undefined);
  const { data, error, refetch } = useQuery(historyQuery(id, before === undefined ? { version } : { before }));
  const changes = useMemo(() => [...(data?.changes ?? [])].reverse(), [data]);
  const columns = useMemo(() => [versionColumn(shown, onChoose), ...COLUMNS], [shown, onChoose]);
  return (
    <Section
      title="Log"
      aside={
        <span className="pager-buttons">
          {before !== undefined && (
            <Button variant="default" onClick={() => setBefore(undefined)}>
              Newest
            </Button>
          )}
          {data?.more && (
            <Button variant="default" onClick={() => setBefore(changes.at(-1)?.version)}>
              Older
            </Button>
          )}
        </span>
      }
    >
      {data ? (
        <DataTable
          label="Changes, newest first"
          columns={columns}
          rows={changes}
          keyOf={(change) => String(change.version)}
          empty={<Empty>The log has no changes. It begins again at each checkpoint, and with each game.</Empty>}
          classOf={(change) => (change.version === shown ? 'shown' : undefined)}
        />
      ) : (
        <Missing error={error} retry={refetch} />
      )}
    </Section>
  );
}

function versionColumn(shown: number | undefined, onChoose: (version: number) => void): Column<Change> {
  return {
    id: 'version',
    title: 'Version',
    isNumber: true,
    cell: ({ version }) => (
      <button type="button" className="step" aria-pressed={version === shown} onClick={() => onChoose(version)}>
        {number(version)}
      </button>
    ),
  };
}

const COLUMNS: readonly Column<Change>[] = [
  { id: 'at', title: 'Time', cell: ({ at }) => time(at) },
  {
    id: 'events',
    title: 'Events',
    grows: true,
    cell: ({ events, ended }) =>
      [
        ...events.map(({ name, data }) => (data === undefined ? name : `${name} ${JSON.stringify(data)}`)),
        ...(ended ? [`ended: ${ended.reason}`] : []),
      ].join(', ') || NONE,
  },
  { id: 'seats', title: 'Seats', from: 'tablet', cell: ({ seats }) => seatsOf(seats) },
  {
    id: 'size',
    title: 'Patch',
    isNumber: true,
    from: 'tablet',
    cell: ({ patches, deltaBytes }) => (deltaBytes !== null ? bytes(deltaBytes) : patches === null ? NONE : `${number(patches)} ops`),
  },
];

function seatsOf(seats: Change['seats']): string {
  return (
    Object.entries(seats)
      .map(([seat, { seq, presence, refused }]) =>
        [`${seat}:`, seq !== undefined && `command ${seq}`, presence, refused !== undefined && 'refused'].filter(Boolean).join(' '),
      )
      .join('; ') || NONE
  );
}
