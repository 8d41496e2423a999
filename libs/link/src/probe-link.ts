import { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** `refused`: no process listens there. `answered`: a living one spoke. `silent`: neither, within the time. */
export type ProbeResult = 'answered' | 'refused' | 'silent';

/**
 * Dials a link port just to see who is there: a living server speaks first (its challenge), or, with TLS, answers a
 * hello. Never rejects.
 */
export function probeLink(
  { host, port, timeoutMs }: { readonly host: string; readonly port: number; readonly timeoutMs: number },
  isTls = false,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    // Who it is does not matter here, only that somebody lives.
    const socket = isTls ? connectTls({ host, port, rejectUnauthorized: false }) : new Socket();
    const settle = (result: ProbeResult): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => settle('silent'), timeoutMs);
    socket.once('data', () => settle('answered'));
    socket.once('secureConnect', () => settle('answered'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(REFUSALS.has(error.code ?? '') ? 'refused' : isTls && error.code?.startsWith('ERR_SSL') ? 'answered' : 'silent'),
    );
    // The kernel accepts for a stopped process, too; one that is gone closes what it had accepted.
    socket.once('close', () => settle('silent'));
    if (!isTls) socket.connect(port, host);
  });
}

const REFUSALS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET']);
