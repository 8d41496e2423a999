import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ActButtons } from '../acts/act-buttons.js';
import { playerActs } from '../acts/player-acts.js';
import { auditQuery, playerQuery } from '../api/queries.js';
import type { PlayerDetail, Sanction } from '../api/types.js';
import { Age } from '../parts/age.js';
import { AuditTable } from '../parts/audit-table.js';
import { Facts } from '../parts/facts.js';
import { bytes, dayTime } from '../parts/format.js';
import { RoomLink, ServerLink } from '../parts/links.js';
import { Empty, Missing, Page, Section } from '../parts/page.js';
import { Pill } from '../parts/pill.js';

const route = getRouteApi('/players/$user');

/** One user: where the user is connected and plays, the sanctions, and what operators did. */
export function PlayerPage() {
  const { user } = route.useParams();
  const { data: player, error, refetch } = useQuery(playerQuery(user));
  const audit = useQuery(auditQuery({ target: user, limit: '50' }));
  if (!player)
    return (
      <Page title={user}>
        <Missing error={error} retry={refetch} />
      </Page>
    );
  const acts = playerActs({
    user,
    name: player.name,
    hasSession: player.session !== null,
    isBanned: player.ban !== null,
    isMuted: player.mute !== null,
  });
  return (
    <Page title={player.name ?? user} aside={<PlayerState player={player} />} acts={<ActButtons acts={acts} about={player.name ?? user} />}>
      <div className="columns">
        <Section title="Connection">
          <Facts facts={connectionOf(player)} />
        </Section>
        <Section title="Sanctions">
          {player.ban || player.mute ? (
            <Facts facts={{ Ban: player.ban ? sanction(player.ban) : 'none', Mute: player.mute ? sanction(player.mute) : 'none' }} />
          ) : (
            <Empty>Neither banned nor muted.</Empty>
          )}
        </Section>
      </div>
      <Section title="Acts of operators">
        {audit.data ? (
          <AuditTable label={`Acts on ${user}`} acts={audit.data.acts} empty={<Empty>No operator has done anything to this user.</Empty>} />
        ) : (
          <Missing error={audit.error} retry={audit.refetch} />
        )}
      </Section>
    </Page>
  );
}

function PlayerState({ player: { session, ban, mute } }: { readonly player: PlayerDetail }) {
  return (
    <>
      {session === null ? (
        <Pill tone="quiet">not logged in</Pill>
      ) : session.away ? (
        <Pill tone="warn">connection lost</Pill>
      ) : (
        <Pill tone="good">connected</Pill>
      )}
      {ban && <Pill tone="bad">banned</Pill>}
      {mute && <Pill tone="warn">muted</Pill>}
    </>
  );
}

function connectionOf({ user, session, connection, room }: PlayerDetail) {
  return {
    User: <code>{user}</code>,
    Gateway: session ? <ServerLink id={session.gateway} /> : 'no session',
    Since: connection ? <Age at={connection.since} /> : undefined,
    Address: connection?.address ? (
      <>
        <code>{connection.address}</code> ({connection.transport})
      </>
    ) : undefined,
    Backlog: connection ? bytes(connection.backlogBytes) : undefined,
    Room: room ? (
      <>
        <RoomLink id={room.id} /> {room.watching && '(watching)'}
      </>
    ) : (
      'none'
    ),
    Matchmaking: connection ? (connection.searching ? 'searches for a match' : 'does not search') : undefined,
  };
}

function sanction({ until, by, note, at }: Sanction) {
  return (
    <>
      {until === null ? 'until an operator lifts it' : `until ${dayTime(until)}`}, by {by} <Age at={at} />
      {note && <>: “{note}”</>}
    </>
  );
}
