import { type Carrier, type Cost, measure, type Play, startAll, stopAll } from '../carriers/carrier.js';
import { holdfast } from '../carriers/holdfast.js';
import { colyseus, pinus, socketIo, socketIoOverRedis } from '../carriers/pair-peers.js';
import { BenchFleet } from '../fleet.js';
import type { Report, Section, Target } from '../section.js';

const PAYLOAD_BYTES = 64;
const PER_SECOND = 5_000;

interface Comparison {
  readonly ours: string;
  readonly other: string;
  readonly target?: Target;
}

/** The comparisons, with the targets of the design. A target is our CPU cost divided by that of the peer: 0.5 means half of its cost. */
const COMPARISONS: readonly Comparison[] = [
  { ours: 'fleeting', other: 'Colyseus', target: { atMost: 1 } },
  { ours: 'durable', other: 'Colyseus', target: { atMost: 1.5 } },
  { ours: 'fleeting', other: 'Socket.IO' },
  { ours: 'durable', other: 'Socket.IO' },
  { ours: 'fleeting', other: 'Socket.IO, two nodes', target: { atMost: 0.5 } },
  { ours: 'durable', other: 'Socket.IO, two nodes' },
  { ours: 'fleeting', other: 'Pinus', target: { atMost: 1 / 3 } },
  { ours: 'durable', other: 'Pinus' },
];

/** Rooms of two: both players receive every message. Holdfast without and with stored changes is compared with others. */
function roomSection(rooms: number): Section {
  return {
    name: rooms === 100 ? 'room' : `room-${2 * rooms}`,
    about: `rooms of two, one in, two out, 64 bytes, WebSocket, ${2 * rooms} players, compared with Colyseus, Socket.IO and Pinus`,
    takesTurns: true,
    async run(report, { quick, runs }) {
      const ms = quick ? 2_000 : 3_000;
      const fleet = await BenchFleet.start();
      const size = { rooms, payloadBytes: PAYLOAD_BYTES };
      const ours = (game: string) => () => holdfast({ name: game, way: 'ws', game, seats: 2, ...size }, fleet);
      let carriers: readonly Carrier[] = [];
      try {
        carriers = await startAll(
          {
            fleeting: ours('fleeting'),
            durable: ours('durable'),
            Colyseus: () => colyseus(size),
            'Socket.IO': () => socketIo(size),
            'Socket.IO over Redis': () => socketIoOverRedis(size, { url: fleet.redisUrl, pid: fleet.redisPid }),
            Pinus: () => pinus(size),
          },
          ['fleeting', 'durable'],
        );
        // Warms all of them up, so that compiled code is measured.
        for (const { load } of carriers) await load.do.closed({ ms: 2_000 });
        for (let turn = 0; turn < runs; turn++) {
          await compare(report, 'closed loop', carriers, (load) => load.do.closed({ ms }));
          await compare(report, `${PER_SECOND}/s`, carriers, (load) => load.do.paced({ perSecond: PER_SECOND, ms }));
        }
      } finally {
        await stopAll(carriers);
        await fleet.stop();
      }
    },
  };
}

export const room = roomSection(100);
export const room1000 = roomSection(500);

async function compare(report: Report, head: string, carriers: readonly Carrier[], play: Play): Promise<void> {
  const costs = new Map<string, Cost>();
  for (const carrier of carriers) costs.set(carrier.name, await measure(report, head, carrier, play));
  for (const { ours, other, target } of COMPARISONS) {
    const [mine, theirs] = [costs.get(ours), costs.get(other)];
    if (mine && theirs) report(`${head}: CPU of our gateway + game, ${ours} ÷ ${other}`, mine.path / theirs.path, '×', target);
  }
}
