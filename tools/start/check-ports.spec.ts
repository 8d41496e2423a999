import { createServer } from 'node:net';
import { freePort } from '../process/free-port.mjs';
import { checkPorts, sentenceOf } from './check-ports.mjs';
import { readOptions } from './options.mjs';

const found = {
  failure: 'EADDRINUSE',
  port: 7000,
  use: 'PUBLIC_PORT',
  label: 'gateway 1',
  setting: '--host',
  host: '127.0.0.1',
  first: 7000,
};

function check(...argv: string[]): Promise<void> {
  const read = readOptions(argv, {});
  if ('problem' in read) throw new Error(read.problem);
  return checkPorts(read.options, {});
}

describe('the check of the ports of a fleet', () => {
  it('accepts free ports on IPv4 and IPv6', async () => {
    await check('--port', String(await freePort()));
    await check('--host', '::1', '--port', String(await freePort('::1')));
  });

  it('refuses a port that is in use, and proposes other ports', async () => {
    const port = await freePort();
    const other = createServer().listen(port + 20, '127.0.0.1');
    try {
      await expect(check('--gateways', '2', '--port', String(port))).rejects.toThrow(
        `Port ${port + 20} is in use, and gateway 2 needs it as PUBLIC_PORT. Choose other ports: npm start -- --port ${port + 200}`,
      );
    } finally {
      other.close();
    }
  });

  it('refuses a --host that this machine does not have, and lists the addresses of this machine', async () => {
    await expect(check('--host', '192.0.2.1')).rejects.toThrow(
      /^--host is "192\.0\.2\.1": this machine does not have that address\. It has .*127\.0\.0\.1.*, and 0\.0\.0\.0 means all of IPv4\.$/,
    );
  });

  it('refuses a host name without an address, in less than 10 s', async () => {
    const startedAt = performance.now();
    await expect(check('--host', 'no-such-host.invalid')).rejects.toThrow(
      /^--host is "no-such-host\.invalid": no address was found for that name \(\w+\)\. Use an address of this machine, such as /,
    );
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  it('explains only on macOS that AirPlay uses port 7000', () => {
    expect(sentenceOf(found, 'darwin')).toMatch(/^Port 7000 is in use, .* AirPlay Receiver, .* npm start -- --port 7200$/);
    expect(sentenceOf(found, 'linux')).not.toContain('AirPlay');
    expect(sentenceOf({ ...found, port: 7001 }, 'darwin')).not.toContain('AirPlay');
  });

  it('proposes no port above the maximum', () => {
    expect(sentenceOf({ ...found, port: 65_000, first: 65_000 })).toContain('--port 64800');
  });

  it('names the remedy when the user may not use the port', () => {
    expect(sentenceOf({ ...found, failure: 'EACCES', port: 80 })).toMatch(
      /^This user may not listen on port 80, .*npm start -- --port 7000$/,
    );
  });
});
