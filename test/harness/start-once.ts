import { spawn } from 'node:child_process';
import { mainOf } from '../../tools/start/launch-server.mjs';

/** Starts a server that must stop by itself. Resolves with the server's exit code and output. */
export function startOnce(type: 'gateway' | 'lobby' | 'game', env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--enable-source-maps', mainOf(type)], { env: { PATH: process.env.PATH, ...env } });
    let said = '';
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`The server did not stop within 15 s. Its output:\n${said}`));
    }, 15_000);
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, said });
    });
  });
}
