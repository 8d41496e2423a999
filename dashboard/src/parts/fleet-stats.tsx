import { Link } from '@tanstack/react-router';
import type { Fleet, Server } from '../api/types.js';
import { compact, duration, NONE, number, percent } from './format.js';
import { Stat } from './stat.js';

interface FleetStatsProps {
  readonly fleet: Fleet;
  readonly servers: readonly Server[];
  /** Null: not known yet. */
  readonly ownerless: number | null;
}

export function FleetStats({ fleet, servers, ownerless }: FleetStatsProps) {
  const living = servers.filter(({ state }) => state !== 'dead');
  const well = living.filter(({ state, suspect, unheard }) => state === 'ready' && suspect === 0 && !unheard);
  // The record of a dead server stays for an hour. A server that left by itself was not lost.
  const lost = servers.filter(({ state, deadReason }) => state === 'dead' && deadReason !== 'left').length;
  const { open, cordoned, leaving } = fleet.gameServers;
  const missing = fleet.wantedGameServers - open;
  const remarks = [
    lost > 0 && `${lost} lost in the last hour`,
    cordoned > 0 && `${cordoned} cordoned`,
    leaving > 0 && `${leaving} leaving`,
  ].filter(Boolean);
  const commands = servers.reduce((sum, { commandsPerSecond }) => sum + (commandsPerSecond ?? 0), 0);
  const slowest = Math.max(...servers.map(({ ackP99Ms }) => ackP99Ms ?? -1));
  return (
    <dl className="stats" aria-label="Totals">
      <Stat
        label="Servers well"
        value={`${well.length} of ${living.length}`}
        tone={well.length < living.length ? 'warn' : 'good'}
        detail={remarks.join(', ') || (well.length === living.length ? 'all ready' : undefined)}
      />
      <Stat label="Rooms" value={compact(fleet.rooms)} detail={`${compact(fleet.freeSlots)} slots free`} />
      <Stat label="Players" value={compact(fleet.players)} />
      <Stat
        label="Slots taken"
        value={percent(fleet.takenPercent)}
        tone={(fleet.takenPercent ?? 0) >= 95 ? 'bad' : (fleet.takenPercent ?? 0) >= 80 ? 'warn' : undefined}
        detail={`of ${compact(fleet.slots)}`}
      />
      <Stat
        label="Game servers wanted"
        value={number(fleet.wantedGameServers)}
        tone={missing > 0 ? 'warn' : undefined}
        detail={missing > 0 ? `${missing} more than there are` : `${open} open`}
      />
      <Stat label="Commands/s" value={compact(commands)} detail={slowest >= 0 ? `p99 ${duration(slowest)}` : undefined} />
      <Stat
        label="Rooms without owner"
        value={
          ownerless === null ? (
            NONE
          ) : (
            <Link to="/rooms" search={{ ownerless: 'true' }}>
              {number(ownerless)}
            </Link>
          )
        }
        tone={(ownerless ?? 0) > 0 ? 'bad' : undefined}
        detail={(ownerless ?? 0) > 0 ? 'wait for recovery' : 'all are played'}
      />
    </dl>
  );
}
