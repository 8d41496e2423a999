import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { fleetQuery, incidentsQuery, roomsQuery, serversQuery } from '../api/queries.js';
import { FleetIncidents } from '../parts/fleet-incidents.js';
import { FleetStats } from '../parts/fleet-stats.js';
import { Missing, Page, Section } from '../parts/page.js';
import { ServerTable } from '../parts/server-table.js';
import { useFilters } from '../parts/use-filters.js';

const TYPES = [
  { value: '', label: 'All' },
  { value: 'game', label: 'Game' },
  { value: 'gateway', label: 'Gateway' },
  { value: 'lobby', label: 'Lobby' },
];

/** The health of the fleet at a glance: incidents first, then totals, then all servers. */
export function FleetPage() {
  const fleet = useQuery(fleetQuery);
  const servers = useQuery(serversQuery);
  const incidents = useQuery(incidentsQuery);
  const ownerless = useQuery(roomsQuery({ ownerless: 'true', limit: 1 }));
  const [{ type = '' }, setFilters] = useFilters();
  const shown = useMemo(() => (servers.data?.servers ?? []).filter((server) => type === '' || server.type === type), [servers.data, type]);
  const failure = fleet.error ?? servers.error ?? incidents.error;
  if (!fleet.data || !servers.data || !incidents.data)
    return (
      <Page title="Fleet">
        <Missing error={failure} retry={() => Promise.all([fleet.refetch(), servers.refetch(), incidents.refetch()])} />
      </Page>
    );
  return (
    <Page title="Fleet">
      <FleetIncidents incidents={incidents.data.incidents} />
      <FleetStats fleet={fleet.data} servers={servers.data.servers} ownerless={ownerless.data?.matched ?? null} />
      <Section
        title="Servers"
        aside={
          <SegmentedControl aria-label="Type of the servers" data={TYPES} value={type} onChange={(value) => setFilters({ type: value })} />
        }
      >
        <ServerTable servers={shown} />
      </Section>
    </Page>
  );
}
