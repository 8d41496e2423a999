import { Link } from '@tanstack/react-router';
import type { Incident } from '../api/types.js';
import { Age } from './age.js';
import { duration } from './format.js';
import { IncidentList } from './incident-list.js';
import { ServerLink } from './links.js';
import { Section } from './page.js';

const SHOWN = 4;

/** The incidents that are not over, and the latest ones. */
export function FleetIncidents({ incidents }: { readonly incidents: readonly Incident[] }) {
  const open = incidents.filter(({ endedAt }) => endedAt === null);
  if (incidents.length === 0) return <p className="all-well">No incident in the last day.</p>;
  return (
    <>
      {open.map((incident) => (
        <OpenIncident key={`${incident.server} ${incident.incarnation} ${incident.beganAt}`} incident={incident} />
      ))}
      <Section
        title="Incidents"
        className={open.length > 0 ? 'urgent' : ''}
        aside={<Link to="/incidents">{incidents.length > SHOWN ? `All ${incidents.length} of the last day` : 'All of the last day'}</Link>}
      >
        <IncidentList label="Latest incidents" incidents={incidents.slice(0, SHOWN)} />
      </Section>
    </>
  );
}

function OpenIncident({ incident }: { readonly incident: Incident }) {
  const { server, outcome, reasons, rooms, beganAt, pauseMs } = incident;
  return (
    <p className={`open-incident ${outcome === 'evicted' ? 'bad' : 'warn'}`} role="alert">
      <strong>
        <ServerLink id={server} /> {outcome === 'evicted' ? 'was declared dead' : 'does not answer'}
      </strong>{' '}
      ({reasons.join(', ')}) <Age at={beganAt} />
      {rooms > 0 && `. Other servers take over ${rooms} ${rooms === 1 ? 'room' : 'rooms'}`}
      {pauseMs !== null && `; players wait for ${duration(pauseMs)}`}.
    </p>
  );
}
