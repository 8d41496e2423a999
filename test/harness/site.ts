import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const SCRIPT = `
  const { buildSite } = await import('./tools/site/build-site.mjs');
  const { serveSite } = await import('./tools/site/serve-site.mjs');
  await buildSite(process.argv[1]);
  const { url } = await serveSite(0, process.argv[1]);
  process.send(url);
  process.on('disconnect', () => process.exit());
`;

/**
 * Builds the documentation site into this folder and serves it. Uses separate processes for both, because VitePress cannot be loaded in
 * Jest: it is ESM only.
 */
export async function startSite(folder: string): Promise<{ url: string; stop(): Promise<void> }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, folder], {
    cwd: join(__dirname, '../..'),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.on('data', (data) => {
    errors += data;
  });
  const exited = once(child, 'exit');
  const [url] = await Promise.race([
    once(child, 'message'),
    exited.then(() => Promise.reject(new Error(`The build of the site failed.\n${errors}`))),
  ]);
  return {
    url: url as string,
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}
