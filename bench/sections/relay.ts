import { CpuMeter } from '../cpu.js';
import { BenchFleet } from '../fleet.js';
import { LoadProcess } from '../load/load-process.js';
import type { Way } from '../load/wire.js';
import { Peer } from '../peers/peer.js';
import { perMillion, type Report, type Section, type Target } from '../section.js';
import { sleep } from '../tools.js';

const PAYLOAD_BYTES = 64;

/** One who carries messages, with players at it. */
interface Carrier {
  readonly name: string;
  readonly load: LoadProcess;
  readonly pids: Readonly<Record<string, number>>;
  stop(): Promise<void>;
}

/** A message: there and back. Each figure of ours stands beside those of others, taken one after another, in turns. */
export const relay: Section = {
  name: 'relay',
  about: 'client → gateway → game server → client, 64 bytes, beside a bare relay in Node and an echo of `ws`',
  async run(report, { quick }) {
    const ms = quick ? 2_000 : 3_000;
    for (const connections of quick ? [200] : [200, 1_000]) {
      for (const way of ['tcp', 'ws'] as const) {
        const carriers: Carrier[] = [];
        try {
          carriers.push(await holdfast(way, connections));
          carriers.push(way === 'tcp' ? await bareRelay(connections) : await wsEcho(connections));
          // What is measured is compiled code, of all of them.
          for (const { load } of carriers) await load.do.closed({ ms: 2_500 });
          await compare(report, `${way}, ${connections}`, carriers, way, (load) => load.do.closed({ ms }), 'closed loop');
          await compare(report, `${way}, ${connections}`, carriers, way, (load) => load.do.paced({ perSecond: 5_000, ms }), '5000/s');
        } finally {
          for (const carrier of carriers) {
            await carrier.load.stop();
            await carrier.stop();
          }
        }
      }
    }
  },
};

/** The design's: gateway CPU within 1.5 times of the bare relay's, over TCP. */
const TARGETS: Readonly<Record<Way, Target | undefined>> = { tcp: { atMost: 1.5 }, ws: undefined };

async function compare(
  report: Report,
  head: string,
  carriers: readonly Carrier[],
  way: Way,
  play: (load: LoadProcess) => ReturnType<LoadProcess['do']['closed']>,
  mode: string,
): Promise<void> {
  const front: number[] = [];
  for (const { name, load, pids } of carriers) {
    const cpu = new CpuMeter({ ...pids, load: load.pid });
    // Warm-up and the last answers are in both, messages and CPU.
    const before = await load.do.answered();
    const { perSecond, p50Ms, p99Ms } = await play(load);
    const used = cpu.seconds();
    const messages = (await load.do.answered()) - before;
    const title = `${head}, ${mode}: ${name}`;
    report(title, perSecond, '/s');
    report(`${title}, p50`, p50Ms, 'ms');
    report(`${title}, p99`, p99Ms, 'ms');
    for (const process of Object.keys(used)) report(`${title}, CPU of ${process}`, perMillion(used[process], messages), 's/M');
    front.push(perMillion(used.gateway ?? used.relay ?? used.echo, messages));
    await sleep(200);
  }
  report(`${head}, ${mode}: CPU of our gateway ÷ ${carriers[1].name}`, front[0] / front[1], '×', TARGETS[way]);
}

async function holdfast(way: Way, connections: number): Promise<Carrier> {
  const fleet = await BenchFleet.start();
  const load = new LoadProcess();
  const [{ tcpPort, publicPort }] = fleet.of('gateway');
  const ports = [way === 'tcp' ? tcpPort : publicPort];
  await load.do.enter({ ports, way, game: 'echo', rooms: connections, seats: 1, payloadBytes: PAYLOAD_BYTES });
  return { name: 'holdfast', load, pids: fleet.pids(), stop: () => fleet.stop() };
}

async function bareRelay(connections: number): Promise<Carrier> {
  const echo = await Peer.start('relay', ['echo']);
  const front = await Peer.start('relay', ['relay'], [String(echo.port)]);
  const load = new LoadProcess();
  await load.do.enterRaw({ port: front.port, way: 'tcp', count: connections, payloadBytes: PAYLOAD_BYTES });
  return {
    name: 'bare relay',
    load,
    pids: { relay: front.pid, backend: echo.pid },
    stop: async () => {
      await front.stop();
      await echo.stop();
    },
  };
}

async function wsEcho(connections: number): Promise<Carrier> {
  const echo = await Peer.start('ws-echo');
  const load = new LoadProcess();
  await load.do.enterRaw({ port: echo.port, way: 'ws', count: connections, payloadBytes: PAYLOAD_BYTES });
  return { name: 'ws echo', load, pids: { echo: echo.pid }, stop: () => echo.stop() };
}
