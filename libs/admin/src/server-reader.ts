import { Injectable } from '@nestjs/common';
import { ServerDirectory, type ServerRecord } from '#libs/fleet';
import { PlacementPool, type PooledServer } from '#libs/placement';
import { HoldfastError, SERVER_TYPES, type ServerId } from '#libs/protocol';
import { redisName } from '#libs/redis';
import type { ServerView } from './schemas.js';

/** Reads servers in the form in which the admin API shows them: the record with the status in placement. */
@Injectable()
export class ServerReader {
  constructor(
    private readonly directory: ServerDirectory,
    private readonly pool: PlacementPool,
  ) {}

  async all(): Promise<ServerView[]> {
    const [pooled] = await Promise.all([this.pooled(), this.directory.refresh()]);
    return this.directory
      .all()
      .sort(byTypeAndName)
      .map((record) => viewOf(record, pooled.get(record.id)));
  }

  async one(id: string): Promise<ServerView> {
    await this.directory.refresh();
    const record = this.record(id);
    return viewOf(record, (await this.pooled()).get(record.id));
  }

  /** @throws `not-found`; the message lists some of the known servers */
  record(id: string): ServerRecord {
    const record = this.directory.get(fullId(id));
    if (record) return record;
    const known = this.directory.all().sort(byTypeAndName);
    const some = known.slice(0, 10).map(({ type, name }) => `${type}:${name}`);
    const list = known.length > 10 ? `${some.join(', ')}, …` : some.join(', ') || 'none at all';
    throw new HoldfastError('not-found', `There is no server ${id}. Known servers: ${list}.`);
  }

  /** Reads the record of the server now. Use it before a write, because the record in the directory can be up to a second old. */
  async fresh(id: string): Promise<ServerRecord> {
    await this.directory.refresh();
    return this.record(id);
  }

  /** Number of rooms of this incarnation of a server, from its last answer to a check. 0: this incarnation is gone. */
  roomsNow({ id, incarnation }: ServerRecord): number {
    const record = this.directory.get(id);
    return record?.incarnation === incarnation ? record.rooms : 0;
  }

  private async pooled(): Promise<ReadonlyMap<ServerId, PooledServer>> {
    return new Map((await this.pool.status()).map((server) => [server.server, server]));
  }
}

/** Expands `game:1` to the whole id, such as `hf:game:1`. */
export function fullId(id: string): ServerId {
  return (SERVER_TYPES.some((type) => id.startsWith(`${type}:`)) ? redisName(id) : id) as ServerId;
}

export function viewOf(record: ServerRecord, pooled: PooledServer | undefined): ServerView {
  const { linkHost, linkPort, opsHost, opsPort, check: _check, games, ...rest } = record;
  const mine = pooled?.incarnation === record.incarnation ? pooled : undefined;
  return {
    ...rest,
    games: games as ServerView['games'],
    link: addressOf(linkHost, linkPort),
    ops: addressOf(opsHost, opsPort),
    reserved: mine?.reserved ?? 0,
    withheld: [...(mine?.withheld ?? [])],
    willing: record.state === 'ready' && (mine?.isEligible ?? false),
  };
}

/** Returns host and port as in a URL, with brackets around an IPv6 address. */
function addressOf(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function byTypeAndName(a: ServerRecord, b: ServerRecord): number {
  return SERVER_TYPES.indexOf(a.type) - SERVER_TYPES.indexOf(b.type) || a.name.localeCompare(b.name, 'en', { numeric: true });
}
