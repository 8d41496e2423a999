import { Socket } from 'node:net';

/** `refused`: no process listens there. `answered`: a living one spoke. `silent`: neither, within the time. */
export type ProbeResult = 'answered' | 'refused' | 'silent';

/** Dials a link port just to see who is there: a living server speaks first (its challenge). Never rejects. */
export function probeLink({ host, port, timeoutMs }: { host: string; port: number; timeoutMs: number }): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = new Socket();
    const settle = (result: ProbeResult): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => settle('silent'), timeoutMs);
    socket.once('data', () => settle('answered'));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      settle(error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET' ? 'refused' : 'silent'),
    );
    // The kernel accepts for a stopped process, too; one that is gone closes what it had accepted.
    socket.once('close', () => settle('silent'));
    socket.connect(port, host);
  });
}
