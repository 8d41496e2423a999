import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onPath } from '../redis/find-redis.mjs';
import { OwnApt } from './own-apt.mjs';

const onDebian = onPath('apt-get') ? it : it.skip;

describe('apt-get without a network', () => {
  let work: string;
  beforeEach(async () => {
    work = await mkdtemp(join(tmpdir(), 'holdfast-apt-'));
  });
  afterEach(() => rm(work, { recursive: true, force: true, maxRetries: 3 }));

  /** Opens an `OwnApt` that uses only this mirror, and not the mirrors of this system. */
  async function open(mirror: string): Promise<unknown> {
    await writeFile(join(work, 'sources'), `deb [trusted=yes] ${mirror} bookworm main\n`);
    const lines = [`Dir::Etc::sourcelist "${join(work, 'sources')}";`, 'Dir::Etc::sourceparts "-";', 'Acquire::http::Proxy "DIRECT";'];
    await writeFile(join(work, 'apt.conf'), `${lines.join('\n')}\n`);
    return OwnApt.open(work, { ...process.env, APT_CONFIG: join(work, 'apt.conf') });
  }

  onDebian('names a mirror that accepts connections and never answers, within seconds', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const startedAt = performance.now();
    try {
      await expect(open(`http://127.0.0.1:${port}/debian`)).rejects.toThrow(
        `the package mirror 127.0.0.1:${port} cannot be reached (no answer within 5 s)`,
      );
      // Without `OwnApt`, apt-get would try for minutes. So a failure within 20 s shows that `OwnApt` stopped apt-get.
      expect(performance.now() - startedAt).toBeLessThan(20_000);
    } finally {
      silent.close();
    }
  });

  onDebian('names a mirror that refuses connections, although apt-get itself succeeds', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await expect(open(`http://127.0.0.1:${port}/debian`)).rejects.toThrow(
      new RegExp(`^the package mirror 127\\.0\\.0\\.1:${port} cannot be reached \\(.*[Cc]onnect`),
    );
  });
});
