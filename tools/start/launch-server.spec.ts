import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ended } from '../process/leashed.mjs';
import { launchServer } from './launch-server.mjs';

describe('launchServer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-launch-'));
  let child: ChildProcess;

  afterAll(async () => {
    child.kill('SIGKILL');
    await ended(child, 5_000);
    rmSync(folder, { recursive: true });
  });

  it('names an endless loop as a possible reason when a server is not ready within the time limit', async () => {
    const main = join(folder, 'main.cjs');
    writeFileSync(main, 'while (true) {}');
    const launch = launchServer({
      main,
      env: process.env,
      readyFile: join(folder, 'ready.json'),
      logFile: join(folder, 'server.log'),
      onLine: () => {},
      spawned: (spawned) => {
        child = spawned;
      },
      timeoutMs: 200,
    });
    await expect(launch).rejects.toThrow('was not ready within 0.2 s; its code may contain an endless loop');
  });
});
