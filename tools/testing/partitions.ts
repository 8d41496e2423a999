import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CuttableProxy } from '../chaos/src/cuttable-proxy.js';
import { freePort } from '../process/free-port.mjs';

/**
 * The connections of a server that a test cuts. `redis`: its connections to the store. `links`: the links that other servers open to it. No
 * server opens a link to a gateway. To cut a link of a gateway, cut the `links` of the server at the other end.
 */
export type Side = 'redis' | 'links';

/**
 * For each server, a proxy for its connections to the store and a proxy for its link port. A test can cut each of them like a network,
 * without special rights.
 */
export class Partitions {
  private readonly proxies = new Map<string, Readonly<Record<Side, CuttableProxy>>>();

  /** Opens the proxies of a server. Returns the settings with which the server uses them, also after a restart. */
  async settingsFor(server: string, redisUrl: string): Promise<Record<string, string>> {
    const store = new URL(redisUrl);
    const [announced, real] = [await freePort(), await freePort()];
    const redis = await CuttableProxy.to({ host: store.hostname, port: Number(store.port) });
    const links = await CuttableProxy.to({ port: real }, announced);
    this.proxies.set(server, { redis, links });
    store.port = String(redis.port);
    return {
      REDIS_URL: store.href,
      LINK_PORT: String(announced),
      LISTEN_BEHIND: `${announced}:${real}`,
      NODE_OPTIONS: `--import ${listenBehind()}`,
    };
  }

  /**
   * Stops the transfer of data between a server and Redis, or between a server and the servers that link to it. Neither end is notified.
   */
  cut(server: string, side: Side): void {
    const proxies = this.proxies.get(server);
    if (!proxies) throw new Error(`${server} has no proxies: start the fleet with a single Redis and with partitions.`);
    proxies[side].cut();
  }

  /** Transfers all data again, including data that was sent during the cut. */
  mend(): void {
    for (const { redis, links } of this.proxies.values()) {
      redis.mend();
      links.mend();
    }
  }

  close(): void {
    for (const { redis, links } of this.proxies.values()) {
      redis.close();
      links.close();
    }
  }
}

/**
 * The module that lets a server listen behind a proxy. In the package it is beside this file, and in the repository it is among the tools.
 */
function listenBehind(): string {
  const places = ['./listen-behind.mjs', '../process/listen-behind.mjs'].map((path) => new URL(path, import.meta.url));
  return (places.find((url) => existsSync(fileURLToPath(url))) ?? places[0]).href;
}
