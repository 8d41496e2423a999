import type { ChaosFleet } from '../../chaos/src/chaos-fleet.js';
import { siteName } from '../../chaos/src/chaos-fleet.js';
import type { ChaosServer } from '../../chaos/src/chaos-server.js';
import type { Network } from '../../network/network.mjs';

/** Redis and the players are on the host's own end of the bridge, and told apart by ports. */
export type Party = ChaosServer | 'redis' | 'players';

/** Cuts between one server and others; every rule stands in the namespace of that one. */
export class Partitions {
  private readonly rules = new Map<ChaosServer, { input: string[]; output: string[] }>();

  private readonly slowed = new Set<ChaosServer>();

  constructor(
    private readonly network: Network,
    private readonly fleet: ChaosFleet,
  ) {}

  /** Nothing passes between it and these, and nobody is told. */
  async cut(server: ChaosServer, others: readonly Party[]): Promise<void> {
    await this.add(server, {
      input: others.map((other) => `${this.from(server, other)} drop`),
      output: others.map((other) => `${this.to(server, other)} drop`),
    });
  }

  /** One way only: what is sent `to` the server by these, or `from` the server to these. */
  async lose(server: ChaosServer, others: readonly Party[], way: 'to' | 'from'): Promise<void> {
    await this.add(server, {
      input: way === 'to' ? others.map((other) => `${this.from(server, other)} drop`) : [],
      output: way === 'from' ? others.map((other) => `${this.to(server, other)} drop`) : [],
    });
  }

  /** The kernel accepts connections at its link port, and what is said on them is lost. 52 bytes have the headers of a packet without data. */
  async silence(server: ChaosServer, others: readonly ChaosServer[]): Promise<void> {
    const rule = (way: string): string[] =>
      others.map((other) => `ip ${way} ${this.addressOf(other)} tcp flags & syn == 0 meta length > 52 drop`);
    await this.add(server, { input: rule('saddr'), output: rule('daddr') });
  }

  /** Connections between it and these are reset, and new ones refused, as by a firewall that says so. */
  async refuse(server: ChaosServer, others: readonly ChaosServer[]): Promise<void> {
    const rule = (way: string): string[] =>
      others.map((other) => `ip ${way} ${this.addressOf(other)} meta l4proto tcp reject with tcp reset`);
    await this.add(server, { input: rule('saddr'), output: rule('daddr') });
  }

  /** So many of a hundred packets, in each direction. */
  async loseSome(server: ChaosServer, percent: number): Promise<void> {
    const rule = `numgen random mod 100 < ${percent} drop`;
    await this.add(server, { input: [`ip saddr ${this.network.net}.0/24 ${rule}`], output: [] });
  }

  /** What it and these say to each other arrives so much later, each way, in ms. The servers themselves see to it: not every kernel can. */
  slow(server: ChaosServer, others: readonly (ChaosServer | 'redis')[], ms: number): void {
    const ways = new Map<ChaosServer, { to: string; ms: number }[]>();
    ways.set(
      server,
      others.map((other) =>
        // Redis delays nothing itself: the way there takes the time of both.
        other === 'redis' ? { to: `${this.network.address}:${this.fleet.redisPort}`, ms: 2 * ms } : { to: this.addressOf(other), ms },
      ),
    );
    for (const other of others) if (other !== 'redis') ways.set(other, [{ to: this.addressOf(server), ms }]);
    for (const [one, delays] of ways) {
      one.setDelays(delays);
      this.slowed.add(one);
    }
  }

  async mend(): Promise<void> {
    for (const server of this.slowed) server.setDelays([]);
    this.slowed.clear();
    const concerned = [...this.rules.keys()];
    this.rules.clear();
    await Promise.all(concerned.map((server) => this.network.setRules(nameOf(server), {})));
  }

  private async add(server: ChaosServer, more: { input: string[]; output: string[] }): Promise<void> {
    const known = this.rules.get(server) ?? { input: [], output: [] };
    const rules = { input: [...known.input, ...more.input], output: [...known.output, ...more.output] };
    this.rules.set(server, rules);
    await this.network.setRules(nameOf(server), rules);
  }

  private from(server: ChaosServer, other: Party): string {
    if (other === 'redis') return `ip saddr ${this.network.address} tcp sport ${this.fleet.redisPort}`;
    if (other === 'players') return `ip saddr ${this.network.address} tcp dport ${server.publicPort}`;
    return `ip saddr ${this.addressOf(other)}`;
  }

  private to(server: ChaosServer, other: Party): string {
    if (other === 'redis') return `ip daddr ${this.network.address} tcp dport ${this.fleet.redisPort}`;
    if (other === 'players') return `ip daddr ${this.network.address} tcp sport ${server.publicPort}`;
    return `ip daddr ${this.addressOf(other)}`;
  }

  private addressOf(server: ChaosServer): string {
    return this.network.addressOf(nameOf(server));
  }
}

export function nameOf({ type, name }: ChaosServer): string {
  return siteName(type, name);
}
