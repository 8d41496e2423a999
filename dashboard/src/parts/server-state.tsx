import type { Server } from '../api/types.js';
import { Pill, type Tone } from './pill.js';

type Facts = Pick<Server, 'state' | 'suspect' | 'unheard' | 'cordoned' | 'canary' | 'deadReason' | 'withheld' | 'type'>;

/** Lower: more urgent. The order of servers in the fleet. */
export function urgencyOf(server: Facts): number {
  if (server.state === 'dead') return 1;
  if (server.suspect > 0 || server.unheard) return 0;
  if (server.state !== 'ready') return 2;
  if (server.cordoned) return 3;
  return 4;
}

function toneOf({ state, suspect, unheard, cordoned }: Facts): Tone {
  if (state === 'dead' || suspect > 0 || unheard) return 'bad';
  return state !== 'ready' || cordoned ? 'warn' : 'good';
}

/** The tone of a CPU load in percent of one core. Undefined: the load needs no attention. */
export function cpuTone(percent: number | null): Tone | undefined {
  return percent !== null && percent >= 90 ? 'warn' : undefined;
}

/** The tone of an event loop lag. Undefined: the lag needs no attention. */
export function lagTone(ms: number): Tone | undefined {
  return ms >= 200 ? 'bad' : ms >= 50 ? 'warn' : undefined;
}

/** The state of a server, with all reasons for attention. */
export function ServerState({ server }: { readonly server: Facts }) {
  const { state, suspect, unheard, cordoned, canary, deadReason, withheld } = server;
  const remarks = [
    suspect > 0 && `suspect ${suspect}×`,
    unheard && 'unheard',
    cordoned && 'cordoned',
    canary && 'canary',
    ...withheld.filter((reason) => !['cordoned', 'suspect', 'unheard', state].includes(reason)),
    deadReason,
  ].filter(Boolean);
  const text = [state, ...new Set(remarks)].join(', ');
  return (
    <Pill tone={toneOf(server)} title={text}>
      {text}
    </Pill>
  );
}
