import type { ChaosFleet } from '../../chaos/src/chaos-fleet.js';
import { siteName } from '../../chaos/src/chaos-fleet.js';
import type { ChaosServer } from '../../chaos/src/chaos-server.js';
import type { Network } from '../../network/network.mjs';

/**
 * A member of the network that a cut separates from a server. Redis and the players have the same address, that of this machine on the
 * bridge. So the rules distinguish these two by port.
 */
export type Party = ChaosServer | 'redis' | 'players';

/** Makes cuts between one server and other members of the network. All rules are in the network namespace of that server. */
export class Partitions {
  private readonly rules = new Map<ChaosServer, { input: string[]; output: string[] }>();

  private readonly slowed = new Set<ChaosServer>();

  constructor(
    private readonly network: Network,
    private readonly fleet: ChaosFleet,
  ) {}

  /** Drops all packets between the server and the other members. Neither end is notified. */
  async cut(server: ChaosServer, others: readonly Party[]): Promise<void> {
    await this.add(server, {
      input: others.map((other) => `${this.from(server, other)} drop`),
      output: others.map((other) => `${this.to(server, other)} drop`),
    });
  }

  /** Drops the packets of one direction: `to` the server, or `from` the server. */
  async lose(server: ChaosServer, others: readonly Party[], way: 'to' | 'from'): Promise<void> {
    await this.add(server, {
      input: way === 'to' ? others.map((other) => `${this.from(server, other)} drop`) : [],
      output: way === 'from' ? others.map((other) => `${this.to(server, other)} drop`) : [],
    });
  }

  /**
   * Drops all packets with data between the server and the other members. Packets of at most 52 bytes have no data and pass, so new
   * connections still open.
   */
  async silence(server: ChaosServer, others: readonly ChaosServer[]): Promise<void> {
    const rule = (way: string): string[] =>
      others.map((other) => `ip ${way} ${this.addressOf(other)} tcp flags & syn == 0 meta length > 52 drop`);
    await this.add(server, { input: rule('saddr'), output: rule('daddr') });
  }

  /** Resets the connections between the server and the other members, and refuses new ones, as a firewall with `reject` does. */
  async refuse(server: ChaosServer, others: readonly ChaosServer[]): Promise<void> {
    const rule = (way: string): string[] =>
      others.map((other) => `ip ${way} ${this.addressOf(other)} meta l4proto tcp reject with tcp reset`);
    await this.add(server, { input: rule('saddr'), output: rule('daddr') });
  }

  /** Drops a random fraction of the incoming packets. */
  async loseSome(server: ChaosServer, percent: number): Promise<void> {
    const rule = `numgen random mod 100 < ${percent} drop`;
    await this.add(server, { input: [`ip saddr ${this.network.net}.0/24 ${rule}`], output: [] });
  }

  /**
   * Delays the data between the server and the other members, in each direction. Many kernels have no netem, so the servers delay their own
   * data.
   */
  slow(server: ChaosServer, others: readonly (ChaosServer | 'redis')[], ms: number): void {
    const ways = new Map<ChaosServer, { to: string; ms: number }[]>();
    ways.set(
      server,
      others.map((other) =>
        // Redis cannot delay its answers, so the server delays its own data to Redis for twice as long.
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
