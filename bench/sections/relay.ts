import { type Carrier, measure, type Play, startAll, stopAll } from '../carriers/carrier.js';
import { holdfast } from '../carriers/holdfast.js';
import { bareRelay, haproxy, wsEcho } from '../carriers/relays.js';
import type { Way } from '../load/wire.js';
import type { Report, Section, Size, Target } from '../section.js';

const PAYLOAD_BYTES = 64;
const PER_SECOND = 5_000;

/** Targets of the design: the gateway's CPU time compared with a minimal relay in Node, and with one in C. */
const TARGETS: Readonly<Record<string, Target>> = { 'bare relay': { atMost: 1.5 }, HAProxy: { atMost: 1 } };

/** Measures one message there and back. Holdfast is compared with other carriers, in turn, while all of them stay alive. */
function relaySection(connections: number): Section {
  return {
    name: connections === 200 ? 'relay' : `relay-${connections}`,
    about: `client → gateway → game server → client, 64 bytes, ${connections} connections, compared with a bare relay in Node, HAProxy and an echo server with \`ws\``,
    takesTurns: true,
    run: async (report, size) => {
      for (const way of ['tcp', 'ws'] as const) await ofWay(report, size, way, connections);
    },
  };
}

export const relay = relaySection(200);
export const relay1000 = relaySection(1_000);

async function ofWay(report: Report, { quick, runs }: Size, way: Way, connections: number): Promise<void> {
  const ms = quick ? 2_000 : 3_000;
  const players = { connections, payloadBytes: PAYLOAD_BYTES };
  const rooms = { name: 'Holdfast', way, game: 'echo', rooms: connections, seats: 1, payloadBytes: PAYLOAD_BYTES };
  const carriers = await startAll(
    {
      Holdfast: () => holdfast(rooms),
      ...(way === 'tcp'
        ? { 'bare relay': () => bareRelay(players), HAProxy: () => haproxy(players) }
        : { 'ws echo': () => wsEcho(players) }),
    },
    ['Holdfast'],
  );
  const head = `${way}, ${connections}`;
  try {
    // Warms all of them up, so that compiled code is measured.
    for (const { load } of carriers) await load.do.closed({ ms: 2_500 });
    for (let turn = 0; turn < runs; turn++) {
      await compare(report, `${head}, closed loop`, carriers, (load) => load.do.closed({ ms }));
      await compare(report, `${head}, ${PER_SECOND}/s`, carriers, (load) => load.do.paced({ perSecond: PER_SECOND, ms }));
    }
  } finally {
    await stopAll(carriers);
  }
}

async function compare(report: Report, head: string, [ours, ...others]: readonly Carrier[], play: Play): Promise<void> {
  const gateway = (await measure(report, head, ours, play)).each.gateway;
  for (const other of others) {
    const { path } = await measure(report, head, other, play);
    report(`${head}: CPU of our gateway ÷ ${other.name}`, gateway / path, '×', TARGETS[other.name]);
  }
}
