import { useMemo } from 'react';
import type { Replay, RoomDetail } from '../api/types.js';
import type { Column } from '../table/column.js';
import { DataTable } from '../table/data-table.js';
import { number } from './format.js';
import { PlayerLink, ServerLink } from './links.js';
import { Empty } from './page.js';
import { Pill } from './pill.js';

interface MemberFacts {
  readonly user: string;
  readonly name: string;
  readonly ready: boolean;
  readonly here: boolean;
  readonly seat: number | null;
  readonly presence: string | null;
  readonly seq: number | null;
  readonly bot: boolean;
  readonly gateway: string | null;
  readonly away: boolean;
}

interface RoomMembersProps {
  readonly room: RoomDetail;
  /** The seats of the game at the version that is shown. */
  readonly seats: Replay['seats'];
}

/** The members of a room, the bots on its seats, and the gateways with their connections. */
export function RoomMembers({ room, seats }: RoomMembersProps) {
  const rows = useMemo(() => membersOf(room, seats), [room, seats]);
  return (
    <DataTable label="Members" columns={COLUMNS} rows={rows} keyOf={({ user }) => user} empty={<Empty>Nobody is in this room.</Empty>} />
  );
}

function membersOf(room: RoomDetail, seats: Replay['seats']): MemberFacts[] {
  const connections = new Map(room.connections.map((connection) => [connection.user, connection]));
  const members = room.members.map((member) => {
    const seat = seats.findIndex(({ user }) => user === member.user);
    const { presence = null, seq = null, bot = false } = seats[seat] ?? {};
    const { gateway = null, away = true } = connections.get(member.user) ?? {};
    return { ...member, seat: seat < 0 ? null : seat, presence, seq, bot, gateway, away };
  });
  const known = new Set(room.members.map(({ user }) => user));
  const others = seats.flatMap(({ user, name, presence, seq, bot }, seat) =>
    known.has(user) ? [] : [{ user, name, ready: true, here: false, seat, presence, seq, bot, gateway: null, away: true }],
  );
  return [...members, ...others];
}

function Connection({ member: { gateway, away, bot } }: { readonly member: MemberFacts }) {
  if (bot) return <Pill tone="quiet">bot</Pill>;
  if (gateway === null) return <Pill tone="warn">no session</Pill>;
  return away ? <Pill tone="warn">connection lost</Pill> : <Pill tone="good">connected</Pill>;
}

const COLUMNS: readonly Column<MemberFacts>[] = [
  { id: 'seat', title: 'Seat', isNumber: true, cell: ({ seat }) => number(seat) },
  { id: 'name', title: 'Player', cell: ({ user, name, bot }) => (bot ? name || user : <PlayerLink user={user} name={name} />) },
  { id: 'connection', title: 'Connection', cell: (member) => <Connection member={member} /> },
  { id: 'gateway', title: 'Gateway', from: 'tablet', cell: ({ gateway }) => <ServerLink id={gateway} /> },
  { id: 'presence', title: 'Presence', from: 'tablet', cell: ({ presence, ready }) => presence ?? (ready ? 'ready' : 'not ready') },
  { id: 'seq', title: 'Last command', isNumber: true, from: 'wide', cell: ({ seq }) => number(seq) },
];
