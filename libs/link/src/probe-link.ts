import { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * The result of a probe. `refused`: no process listens at the address. `answered`: a running process sent bytes. `silent`: the process sent
 * no bytes within the time limit, or closed the connection without bytes.
 */
export type ProbeResult = 'answered' | 'refused' | 'silent';

/**
 * Dials a link port to find out whether a server runs at the address. A running server sends a challenge or, with TLS, answers the client
 * hello. Never rejects.
 */
export function probeLink(
  { host, port, timeoutMs }: { readonly host: string; readonly port: number; readonly timeoutMs: number },
  isTls = false,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    // Does not check the certificate, because the identity of the server does not matter here.
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
    // The connection was closed without an answer. This does not show a running process: the kernel accepts connections also for a
    // suspended process, and closes them when the process dies.
    socket.once('close', () => settle('silent'));
    if (!isTls) socket.connect(port, host);
  });
}

const REFUSALS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET']);
