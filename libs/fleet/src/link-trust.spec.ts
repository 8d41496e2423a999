import type { LinkAddress, LinkPeer, Links, Verification } from '#libs/link';
import { type ServerId, type ServerType, serverId } from '#libs/protocol';
import { Log, Readiness } from '#libs/telemetry';
import { LinkTrust } from './link-trust.js';
import type { Self } from './self.js';
import type { ServerChange, ServerDirectory } from './server-directory.js';
import type { ServerRecord } from './server-record.js';

/**
 * The `LinkTrust` of a game server. All other servers are fakes. `hasSame`: whether the fake server has the same link secret as this
 * server.
 */
class Around {
  readonly records = new Map<ServerId, ServerRecord>();
  readonly verified: ServerId[] = [];
  readonly readiness = new Readiness();
  readonly lines: { event: string; target?: unknown }[] = [];
  readonly trust: LinkTrust;
  opened: (peer: LinkPeer) => void = () => {};
  refused: (address: LinkAddress) => void = () => {};
  unproved: (claimed: ServerId) => void = () => {};
  changed: (change: ServerChange) => void = () => {};
  private readonly same = new Set<ServerId>();

  constructor(...servers: readonly [name: string, type: ServerType, hasSame: boolean][]) {
    for (const [name, type, hasSame] of servers) this.add(name, type, hasSame);
    const links = {
      onOpened: (listener: typeof this.opened) => (this.opened = listener),
      onRefused: (listener: typeof this.refused) => (this.refused = listener),
      onUnproved: (listener: typeof this.unproved) => (this.unproved = listener),
      get: () => undefined,
      verify: async ({ id }: LinkAddress): Promise<Verification> => {
        this.verified.push(id);
        return this.same.has(id) ? 'proved' : 'refused';
      },
    } as unknown as Links;
    const directory = {
      all: () => [...this.records.values()],
      get: (id: ServerId) => this.records.get(id),
      onChange: (listener: typeof this.changed) => (this.changed = listener),
    } as unknown as ServerDirectory;
    const write = (event: string, fields: object = {}) => this.lines.push({ event, ...fields });
    const log = { info: write, warn: write, error: write } as unknown as Log;
    this.trust = new LinkTrust(links, directory, { id: serverId('game', 'me') } as Self, log, this.readiness);
    this.trust.onModuleInit();
  }

  add(name: string, type: ServerType, hasSame: boolean, incarnation = 1): ServerRecord {
    const id = serverId(type, name);
    const record = { id, type, incarnation, state: 'ready', linkHost: 'h', linkPort: 1 } as ServerRecord;
    this.records.set(id, record);
    if (hasSame) this.same.add(id);
    else this.same.delete(id);
    return record;
  }
}

/** Waits until all running comparisons are done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a server that compares link secrets', () => {
  it('is not ready when most other servers have a different secret', async () => {
    const around = new Around(['a', 'gateway', false], ['b', 'lobby', false], ['c', 'game', true]);
    await around.trust.compareSecrets();
    expect(around.readiness.notReady()).toEqual({});
    around.add('d', 'game', false);
    await around.trust.compareSecrets();
    expect(around.trust.isOutvoted).toBe(true);
    expect(around.readiness.notReady().link).toMatch(/LINK_SECRET .* 3 of the 4 servers .* set the same LINK_SECRET on all servers/);
  });

  it('stays ready when only one other server has a different secret', async () => {
    const around = new Around(['a', 'gateway', true], ['bad', 'lobby', false]);
    around.refused({ id: serverId('lobby', 'bad'), host: 'h', port: 1 });
    await settled();
    expect(around.trust.isOutvoted).toBe(false);
    expect(new Around().trust.isOutvoted).toBe(false);
    const alone = new Around(['bad', 'gateway', false]);
    await alone.trust.compareSecrets();
    expect(alone.trust.isOutvoted).toBe(false);
  });

  it('stops being ready when a second server with a different secret becomes ready', async () => {
    const around = new Around(['a', 'gateway', false]);
    around.unproved(serverId('gateway', 'a'));
    await settled();
    expect(around.trust.isOutvoted).toBe(false);
    const starting = { ...around.add('b', 'lobby', false), state: 'starting' } as ServerRecord;
    around.records.set(starting.id, starting);
    around.changed({ kind: 'registered', server: starting });
    await settled();
    expect(around.verified).not.toContain(starting.id);
    around.changed({ kind: 'changed', server: around.add('b', 'lobby', false) });
    await settled();
    expect(around.trust.isOutvoted).toBe(true);
  });

  it('stays ready when one unauthenticated peer claims to be many servers', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const around = new Around(...names.map((name): [string, ServerType, boolean] => [name, 'game', true]));
    for (const name of [...names, 'nobody', 'me']) around.unproved(serverId('game', name));
    await settled();
    expect(around.trust.isOutvoted).toBe(false);
    expect(around.verified).toHaveLength(names.length);
    for (let times = 0; times < 100; times++) around.unproved(serverId('game', 'a'));
    await settled();
    expect(around.verified).toHaveLength(names.length);
    expect(around.lines).toEqual([]);
  });

  it('is ready again when the other servers restart with the secret of this server', async () => {
    const around = new Around(['a', 'gateway', false], ['b', 'lobby', false]);
    const outvoted: boolean[] = [];
    around.trust.onChange(() => outvoted.push(around.trust.isOutvoted));
    for (let times = 0; times < 3; times++) await around.trust.compareSecrets();
    expect(around.lines.map(({ event }) => event)).toEqual(['link.refused', 'link.refused', 'link.outvoted']);
    for (const [name, type] of [
      ['a', 'gateway'],
      ['b', 'lobby'],
    ] as const)
      around.changed({ kind: 'registered', server: around.add(name, type, true, 2) });
    around.opened({ id: serverId('gateway', 'a'), incarnation: 2 } as LinkPeer);
    expect(around.lines.slice(3).map(({ event }) => event)).toEqual(['link.trusted', 'link.accepted']);
    expect(outvoted).toEqual([true, false]);
    expect(around.readiness.notReady()).toEqual({});
  });
});
