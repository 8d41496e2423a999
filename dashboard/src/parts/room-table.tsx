import { type ReactNode, useMemo } from 'react';
import { ActMenu } from '../acts/act-buttons.js';
import { roomActs } from '../acts/room-acts.js';
import type { ShownRoom } from '../api/types.js';
import type { Column, Sorting } from '../table/column.js';
import { DataTable } from '../table/data-table.js';
import { Age } from './age.js';
import { number } from './format.js';
import { RoomLink, ServerLink } from './links.js';
import { Pill, type Tone } from './pill.js';

interface RoomTableProps {
  readonly label: string;
  readonly rooms: readonly ShownRoom[];
  readonly hidesOwner?: boolean;
  readonly sorting?: Sorting;
  readonly onSort?: (sorting: Sorting) => void;
  readonly selected?: ReadonlySet<string>;
  readonly onToggle?: (id: string) => void;
  readonly empty: ReactNode;
}

export function RoomTable({ label, rooms, hidesOwner = false, sorting, onSort, selected, onToggle, empty }: RoomTableProps) {
  const columns = useMemo(() => {
    const shown = COLUMNS.filter(({ id }) => !hidesOwner || id !== 'owner');
    return selected && onToggle ? [checkboxes(selected, onToggle), ...shown] : shown;
  }, [hidesOwner, selected, onToggle]);
  return (
    <DataTable
      label={label}
      columns={columns}
      rows={rooms}
      keyOf={({ id }) => id}
      sorting={sorting}
      onSort={onSort}
      isSorted
      empty={empty}
      selected={selected}
    />
  );
}

const TONES: Readonly<Record<ShownRoom['status'], Tone>> = { waiting: 'quiet', starting: 'info', playing: 'good', closed: 'quiet' };

export function RoomStatus({ room: { status, ownerless } }: { readonly room: Pick<ShownRoom, 'status' | 'ownerless'> }) {
  return ownerless ? <Pill tone="bad">{status}, no owner</Pill> : <Pill tone={TONES[status]}>{status}</Pill>;
}

function checkboxes(selected: ReadonlySet<string>, toggle: (id: string) => void): Column<ShownRoom> {
  return {
    id: 'select',
    title: 'Selected',
    hidesTitle: true,
    from: 'tablet',
    cell: ({ id, status }) => (
      <input
        type="checkbox"
        disabled={status !== 'playing'}
        checked={selected.has(id)}
        onChange={() => toggle(id)}
        aria-label={`Select the room ${id}`}
      />
    ),
  };
}

/** The gateway sorts the columns with `sort`. Their ids are its orders. */
const COLUMNS: readonly Column<ShownRoom>[] = [
  { id: 'name', title: 'Room', sort: true, cell: ({ id, name }) => <RoomLink id={id} name={name} /> },
  { id: 'game', title: 'Game', sort: true, from: 'tablet', cell: ({ game }) => game },
  { id: 'status', title: 'Status', cell: (room) => <RoomStatus room={room} /> },
  { id: 'owner', title: 'Owner', from: 'tablet', cell: ({ owner }) => <ServerLink id={owner?.server} /> },
  {
    id: 'players',
    title: 'Players',
    sort: true,
    isNumber: true,
    cell: ({ members, seats }) => (
      <>
        {number(members.length)}
        <span className="of">/{number(seats)}</span>
      </>
    ),
  },
  { id: 'version', title: 'Version', sort: true, isNumber: true, from: 'desktop', cell: ({ version }) => number(version) },
  { id: 'round', title: 'Round', isNumber: true, from: 'wide', cell: ({ round }) => number(round) },
  { id: 'epoch', title: 'Epoch', isNumber: true, from: 'wide', cell: ({ epoch }) => number(epoch) },
  { id: 'changed', title: 'Changed', sort: true, isNumber: true, from: 'desktop', cell: ({ since }) => <Age at={since} /> },
  { id: 'created', title: 'Created', sort: true, isNumber: true, from: 'desktop', cell: ({ createdAt }) => <Age at={createdAt} /> },
  {
    id: 'acts',
    title: 'Acts',
    hidesTitle: true,
    cell: (room) => <ActMenu acts={roomActs(room)} about={room.name || room.id} />,
  },
];
