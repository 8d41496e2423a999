import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type SystemCalls, systemCalls } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Report, Section } from '../section.js';
import { nowMs, ROOT, sleep } from '../tools.js';

const ONE_BY_ONE = 2_000;
const BURST = 32;
const BURSTS = 100;
const ROOMS = 60;

/**
 * System calls and Redis commands per message and per room. These counts are the same on a busy machine. A regression from one
 * write per tick to one write per frame is visible at once.
 */
export const counts: Section = {
  name: 'counts',
  about: 'system calls and Redis commands per message and per room: the same on any machine, however busy',
  async run(report) {
    for (const game of ['echo', 'diary'] as const) {
      await withFleet(async (fleet, load) => {
        const [{ tcpPort }] = fleet.of('gateway');
        await load.do.enter({ ports: [tcpPort], way: 'tcp', game, rooms: 1, seats: 1, payloadBytes: 64 });
        const kept = game === 'echo' ? 'fleeting' : 'durable';
        await count(report, fleet, `${kept}, one by one`, 'per message', ONE_BY_ONE, () => load.do.closed({ count: ONE_BY_ONE }));
        await count(report, fleet, `${kept}, ${BURST} at once`, 'per message', BURST * BURSTS, () =>
          load.do.bursts({ size: BURST, rounds: BURSTS }),
        );
      });
    }
    await withFleet(async (fleet, load) => {
      const [{ tcpPort: port }] = fleet.of('gateway');
      const turns = { port, game: 'fleeting', pairs: 1, ms: 60_000, count: ROOMS };
      await count(report, fleet, 'a room made, joined, begun, left', 'per room', ROOMS, () => load.do.starts(turns));
      await count(report, fleet, 'a room made, joined, left', 'per room', ROOMS, () => load.do.joins(turns));
    });
  },
};

async function withFleet(act: (fleet: BenchFleet, load: LoadProcess) => Promise<void>): Promise<void> {
  const fleet = await BenchFleet.start({
    env: {
      // Rare health checks, so that the longer run of a slow machine counts hardly more of them.
      HEALTH_INTERVAL_MS: '5000',
      NODE_OPTIONS: `--import ${pathToFileURL(join(ROOT, 'bench/uncounted.mjs')).href}`,
    },
  });
  const load = new LoadProcess();
  try {
    await act(fleet, load);
  } finally {
    await load.stop();
    await fleet.stop();
  }
}

interface Seen {
  readonly at: number;
  readonly calls: Readonly<Record<string, SystemCalls>>;
  readonly commands: number;
}

async function count(
  report: Report,
  fleet: BenchFleet,
  what: string,
  unit: string,
  times: number,
  act: () => Promise<unknown>,
): Promise<void> {
  const quietFrom = await look(fleet);
  await sleep(1_000);
  const from = await look(fleet);
  await act();
  const to = await look(fleet);
  // The idle fleet was counted for a second before `act`. That count, scaled to the duration of `act`, is subtracted.
  const share = (to.at - from.at) / (from.at - quietFrom.at);
  const added = (of: (seen: Seen) => number): number => (of(to) - of(from) - share * (of(from) - of(quietFrom))) / times;
  for (const name of ['gateway', 'game', ...(unit === 'per room' ? ['lobby'] : [])]) {
    report(
      `${what}: reads of ${name}`,
      added(({ calls }) => calls[name].reads),
      unit,
    );
    report(
      `${what}: writes of ${name}`,
      added(({ calls }) => calls[name].writes),
      unit,
    );
  }
  report(
    `${what}: reads of Redis`,
    added(({ calls }) => calls.redis.reads),
    unit,
  );
  report(
    `${what}: commands of Redis`,
    added(({ commands }) => commands),
    unit,
  );
}

async function look(fleet: BenchFleet): Promise<Seen> {
  const info = await fleet.redis.info('stats');
  return {
    at: nowMs(),
    calls: Object.fromEntries(Object.entries(fleet.pids()).map(([name, pid]) => [name, systemCalls(pid)])),
    commands: Number(/^total_commands_processed:(\d+)/m.exec(info)?.[1]),
  };
}
