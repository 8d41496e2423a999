import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ActButtons } from '../acts/act-buttons.js';
import { roomActs } from '../acts/room-acts.js';
import { replayQuery, roomQuery } from '../api/queries.js';
import type { RoomDetail } from '../api/types.js';
import { Age } from '../parts/age.js';
import { Facts } from '../parts/facts.js';
import { number } from '../parts/format.js';
import { ServerLink } from '../parts/links.js';
import { Missing, Page, Section } from '../parts/page.js';
import { RoomLog } from '../parts/room-log.js';
import { RoomMembers } from '../parts/room-members.js';
import { RoomReplay } from '../parts/room-replay.js';
import { RoomStatus } from '../parts/room-table.js';
import { useFilters } from '../parts/use-filters.js';

const route = getRouteApi('/rooms/$id');

/** One room: its game, its members and their connections, and its state now or at an earlier version. */
export function RoomPage() {
  const { id } = route.useParams();
  const { data: room, error, refetch } = useQuery(roomQuery(id));
  const [{ version: text }, setFilters] = useFilters();
  const version = text === undefined ? undefined : Number(text);
  const replay = useQuery({ ...replayQuery(id, version ?? room?.log?.to), enabled: (room?.log ?? null) !== null });
  if (!room)
    return (
      <Page title={id}>
        <Missing error={error} retry={refetch} />
      </Page>
    );
  const name = room.name || id;
  const show = (next: number | undefined) => setFilters({ version: next?.toString() }, { replace: true });
  return (
    <Page title={name} aside={<RoomStatus room={room} />} acts={<ActButtons acts={roomActs(room)} about={name} />}>
      <div className="columns">
        <Section title="Game">
          <Facts facts={gameOf(room)} />
        </Section>
        <Section title="Members" aside={<span className="aside">{`${room.members.length} of ${room.seats}`}</span>}>
          <RoomMembers room={room} seats={replay.data?.seats ?? []} />
        </Section>
      </div>
      <RoomReplay log={room.log} replay={replay.data} error={replay.error} chosen={version} onChoose={show} />
      <RoomLog id={id} version={room.version} shown={replay.data?.version} onChoose={show} />
    </Page>
  );
}

function gameOf({
  id,
  game,
  owner,
  epoch,
  version,
  round,
  durability,
  region,
  build,
  createdAt,
  since,
  result,
  ownerless,
  ...room
}: RoomDetail) {
  return {
    Id: <code>{id}</code>,
    Game: game,
    Owner: owner ? <ServerLink id={owner.server} /> : ownerless ? 'none: it waits for its recovery' : 'none: no game is played',
    Version: `${number(version)}, epoch ${number(epoch)}, round ${number(round)}`,
    Durability: durability,
    Visible: room.private ? 'only to members' : 'to everybody',
    Region: region ?? 'any',
    Build: build ?? 'any',
    Created: <Age at={createdAt} />,
    Changed: <Age at={since} />,
    'Last result': result ? `${result.reason}${result.message ? `: ${result.message}` : ''}` : undefined,
  };
}
