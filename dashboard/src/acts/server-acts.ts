import { answerOf, api } from '../api/client.js';
import type { Server } from '../api/types.js';
import { shortServer } from '../parts/format.js';
import type { Act, ActInput, Target } from './act.js';
import { followAct } from './follow-act.js';

type Facts = Pick<Server, 'id' | 'type' | 'state' | 'cordoned'>;

/** Returns the acts that make sense for a server in its present state. */
export function serverActs(server: Facts): Act[] {
  if (server.state === 'dead') return [];
  if (server.type !== 'game') return [evict([server])];
  return [server.cordoned ? uncordon([server]) : cordon([server]), drain([server]), evict([server])];
}

export function cordon(servers: readonly Facts[]): Act {
  return {
    verb: 'Cordon',
    title: `Cordon ${nameOf(servers)}?`,
    details: 'It keeps its rooms and gets no new ones. Uncordon ends this.',
    targets: servers.map((server) =>
      targetOf(server, async (id, { note }) => {
        await answerOf(api.POST('/api/servers/{id}/cordon', { params: { path: { id } }, body: { note } }));
        return 'gets no new rooms.';
      }),
    ),
  };
}

export function uncordon(servers: readonly Facts[]): Act {
  return {
    verb: 'Uncordon',
    title: `Uncordon ${nameOf(servers)}?`,
    details: 'It gets new rooms again. A drain that runs stops.',
    targets: servers.map((server) =>
      targetOf(server, async (id, { note }) => {
        await answerOf(api.POST('/api/servers/{id}/uncordon', { params: { path: { id } }, body: { note } }));
        return 'gets new rooms again.';
      }),
    ),
  };
}

export function drain(servers: readonly Facts[]): Act {
  return {
    verb: 'Drain',
    title: `Drain ${nameOf(servers)}?`,
    details: 'All of its rooms migrate to other game servers while they are played, and it gets no new ones. Uncordon opens it again.',
    targets: servers.map((server) =>
      targetOf(server, async (id, { note }, report) => {
        const { act } = await answerOf(api.POST('/api/servers/{id}/drain', { params: { path: { id } }, body: { note, wait: false } }));
        const result = await followAct(act, report);
        const left = Number(result.left ?? 0);
        const moved = `${result.moved ?? 0} rooms have moved`;
        return left > 0 ? `${moved}, and ${left} are left. Drain again, or add game servers.` : `${moved}, and none is left.`;
      }),
    ),
  };
}

export function evict(servers: readonly Facts[]): Act {
  return {
    verb: 'Evict',
    title: `Evict ${nameOf(servers)}?`,
    details: 'The fleet treats this incarnation of the server as dead, and others recover its rooms. This cannot be undone.',
    isDangerous: true,
    targets: servers.map((server) =>
      targetOf(server, async (id, { note }) => {
        const { evicted } = await answerOf(api.POST('/api/servers/{id}/evict', { params: { path: { id } }, body: { note } }));
        return evicted ? 'is evicted.' : 'was dead already.';
      }),
    ),
  };
}

function targetOf({ id }: Facts, run: (id: string, input: ActInput, report: Parameters<Target['run']>[1]) => Promise<string>): Target {
  return { key: id, label: shortServer(id), run: (input, report) => run(id, input, report) };
}

function nameOf(servers: readonly Facts[]): string {
  return servers.length === 1 ? shortServer((servers[0] as Facts).id) : `${servers.length} servers`;
}
