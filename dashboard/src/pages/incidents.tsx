import { useQuery } from '@tanstack/react-query';
import { incidentsQuery } from '../api/queries.js';
import { duration } from '../parts/format.js';
import { IncidentList } from '../parts/incident-list.js';
import { Empty, Missing, Page, Section } from '../parts/page.js';

export function IncidentsPage() {
  const { data, error, refetch } = useQuery(incidentsQuery);
  const incidents = data?.incidents ?? [];
  const open = incidents.filter(({ endedAt }) => endedAt === null);
  const longest = Math.max(0, ...incidents.map(({ pauseMs }) => pauseMs ?? 0));
  return (
    <Page title="Incidents" aside={<span className="aside">of the last day</span>}>
      {!data ? (
        <Missing error={error} retry={refetch} />
      ) : incidents.length === 0 ? (
        <Empty>No incident in the last day. A server that does not answer, or was evicted for it, appears here.</Empty>
      ) : (
        <>
          {open.length > 0 && (
            <Section title="Not over" className="urgent">
              <IncidentList label="Incidents that are not over" incidents={open} />
            </Section>
          )}
          <Section
            title="Over"
            aside={
              <span className="aside">{longest > 0 ? `longest pause of players: ${duration(longest)}` : 'no player had to wait'}</span>
            }
          >
            {incidents.length > open.length ? (
              <IncidentList label="Incidents that are over" incidents={incidents.filter(({ endedAt }) => endedAt !== null)} />
            ) : (
              <Empty>None yet.</Empty>
            )}
          </Section>
        </>
      )}
    </Page>
  );
}
