import type { RoomsAnswer, ServerView } from '#libs/admin';
import type { ServerType } from '#libs/protocol';
import type { ChaosServer } from './chaos-server.js';
import type { Kind, Plan, World } from './faults.js';
import { withOne } from './server-faults.js';
import { pause, until } from './until.js';

const CORDONED_MS = [3_000, 6_000] as const;
const POLL_MS = 250;
/**
 * The time limit for an evicted server to register again, and for the removal of a cordon, in ms. An evicted server detects its eviction
 * within half a second, and then drops its rooms.
 */
const ANEW_MS = 20_000;

/**
 * Returns the faults that consist of requests of operators about healthy servers. When a request gets no answer, the fault is skipped,
 * because another fault has perhaps affected the gateway.
 */
export function operatorFaults(world: World): Kind[] {
  const evict = (type: ServerType, weight: number): Kind => ({
    name: `evict-${type}`,
    weight,
    plan: () => withOne(world, type, (server) => evictOne(world, server)),
  });
  // The servers on which an operator now acts. No second operator acts on such a server, because this would undo the first act.
  const seenTo = new Set<ChaosServer>();
  const alone = (planFor: (world: World, server: ChaosServer) => Plan) => (): Plan | null =>
    withOne(world, 'game', (server) => {
      if (seenTo.has(server)) return null;
      const { what, act } = planFor(world, server);
      seenTo.add(server);
      return { what, act: () => act().finally(() => seenTo.delete(server)) };
    });
  return [
    { name: 'cordon-game', weight: 2, plan: alone(cordon) },
    { name: 'empty-game', weight: 2, plan: alone(empty) },
    { name: 'move-room', weight: 2, plan: () => ({ what: 'one room in play', act: () => move(world) }) },
    evict('game', 1),
    evict('gateway', 1),
    evict('lobby', 1),
  ];
}

/** Plans to cordon a server for some seconds. During this time the server must not be eligible. */
function cordon(world: World, server: ChaosServer): Plan {
  const ms = world.chance.between(...CORDONED_MS);
  return {
    what: `${server.id} for ${Math.round(ms)} ms`,
    act: async () => {
      const cordoned = await ask<ServerView>(world, 'POST', `/api/servers/${server.id}/cordon`);
      const end = performance.now() + ms;
      while (cordoned && performance.now() < end) {
        const now = await ask<ServerView>(world, 'GET', `/api/servers/${server.id}`);
        // A server that registers again, or whose record was deleted, is no longer cordoned. This is no violation.
        if (now?.cordoned && now.willing && now.incarnation === cordoned.incarnation && now.state !== 'dead') {
          world.findings.violation(`${server.id} is eligible although it is cordoned`);
          break;
        }
        await pause(POLL_MS);
      }
      await open(world, server);
    },
  };
}

function empty(world: World, server: ChaosServer): Plan {
  return {
    what: `${server.id}, and uncordoned afterwards`,
    act: async () => {
      await ask(world, 'POST', `/api/servers/${server.id}/drain`);
      await open(world, server);
    },
  };
}

/**
 * Uncordons a server. A cordoned server would get no rooms for the rest of the run. Repeats the request until a gateway accepts it or the
 * server is down. Gives up after `ANEW_MS`.
 */
async function open(world: World, server: ChaosServer): Promise<void> {
  const isOpen = async (): Promise<boolean> =>
    server.condition === 'down' || (await ask(world, 'POST', `/api/servers/${server.id}/uncordon`)) !== null;
  await until(isOpen, ANEW_MS, POLL_MS).catch(() => world.findings.count('operator:not-opened'));
}

async function move(world: World): Promise<void> {
  const answer = await ask<RoomsAnswer>(world, 'GET', '/api/rooms?status=playing&limit=50');
  const room = world.chance.pick(answer?.rooms ?? []);
  const moved = room && (await ask<{ from: string; to: string }>(world, 'POST', `/api/rooms/${room.id}/migrate`));
  if (moved && moved.from === moved.to) world.findings.violation(`room ${room.id} was migrated from ${moved.from} to itself`);
}

/** Plans the eviction of a healthy server. The server must drop its rooms and sessions, and register again. */
function evictOne(world: World, server: ChaosServer): Plan {
  const { fleet, findings } = world;
  return {
    what: server.id,
    act: async () => {
      server.mayBeCondemned();
      const before = Number(await fleet.client.hget(server.id, 'incarnation').catch(() => 0));
      const answer = await ask<{ evicted: boolean }>(world, 'POST', `/api/servers/${server.id}/evict`);
      if (!answer?.evicted) return;
      const isAnew = async (): Promise<boolean> => {
        if (server.condition !== 'up' || fleet.redisCondition !== 'up') return true;
        const [incarnation, state] = await fleet.client.hmget(server.id, 'incarnation', 'state');
        return Number(incarnation) > before && state === 'ready';
      };
      await until(isAnew, ANEW_MS, POLL_MS).catch(() => findings.violation(`${server.id} did not register again after its eviction`));
      server.mayBeCondemned();
    },
  };
}

/**
 * Sends a request to any gateway. Returns null when no gateway is up, or when the gateway refuses or does not answer. Other faults can
 * cause each of these failures.
 */
async function ask<Answer>({ fleet, chance, findings }: World, method: 'GET' | 'POST', path: string): Promise<Answer | null> {
  const gateway = chance.pick(fleet.of('gateway').filter(({ condition }) => condition === 'up'));
  if (!gateway) return null;
  try {
    const { status, text } = await gateway.ask(method, path);
    if (status === 200 || status === 201) return JSON.parse(text) as Answer;
    findings.count(`operator:${(JSON.parse(text) as { code?: string }).code ?? status}`);
  } catch {
    findings.count('operator:unheard');
  }
  return null;
}
