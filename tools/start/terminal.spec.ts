import { readable, Terminal } from './terminal.mjs';

function written(isTTY: boolean) {
  const chunks: string[] = [];
  return { chunks, out: { isTTY, write: (text: string) => chunks.push(text) } };
}

describe("a line of a server's log", () => {
  const line = JSON.stringify({ level: 'warn', time: 'T', server: 'hf:game:1', event: 'server.suspect', id: 'hf:game:2', misses: 1 });

  it('is shown as the event with its fields', () => {
    expect(readable(line, 'warn')).toBe('warn: server.suspect id=hf:game:2 misses=1');
  });

  it('is hidden when its level is below the requested level', () => {
    expect(readable(line, 'error')).toBeNull();
  });

  it('is shown when it reports the end of a problem, although its level `info` is below the requested level `warn`', () => {
    const done = JSON.stringify({ level: 'info', event: 'recovery.done', rooms: 3, ms: 93 });
    expect(readable(done, 'warn')).toBe('recovery.done rooms=3 ms=93');
    expect(readable(done, 'error')).toBeNull();
    expect(readable(JSON.stringify({ level: 'info', event: 'server.ready' }), 'warn')).toBeNull();
  });

  it('is shown with the message of its error, and with the cause', () => {
    const error = {
      name: 'TypeError',
      message: 'fetch failed',
      stack: 'TypeError: fetch failed',
      cause: { name: 'Error', message: 'no', code: 'ENOTFOUND' },
    };
    expect(readable(JSON.stringify({ level: 'warn', event: 'start.failed', error }), 'warn')).toBe(
      'warn: start.failed fetch failed: ENOTFOUND',
    );
  });

  it('is shown unchanged when the line is not an event', () => {
    expect(readable('TypeError: x is not a function', 'error')).toBe('TypeError: x is not a function');
    expect(readable('42', 'error')).toBe('42');
  });
});

describe('the steps that a tool shows', () => {
  it('are plain lines when the output is not a terminal', async () => {
    const { chunks, out } = written(false);
    const terminal = new Terminal(out, {});
    await terminal.step('build', async (say) => {
      say('building …');
      say('built');
    });
    expect(chunks).toEqual(['  building …\n', '  ✓ built\n']);
  });

  it('are marked as failed when their work throws an error', async () => {
    const { chunks, out } = written(false);
    await expect(new Terminal(out, {}).step('Redis', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(chunks).toEqual(['  ✗ Redis\n']);
  });

  it('have no spinner after their end', async () => {
    const { chunks, out } = written(true);
    await new Terminal(out, { NO_COLOR: '1' }).step('build', async () => {});
    expect(chunks.at(-2)).toBe('\r\x1b[2K');
    expect(chunks.at(-1)).toBe('  ✓ build\n');
  });
});
