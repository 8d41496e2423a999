import { type ServerRecord, toServerRecord } from '#libs/fleet';
import type { ServerType } from '#libs/protocol';
import { serverId } from '#libs/protocol';
import { URGENT_CHECK_MS, VERDICT_RETRY_MS } from '../health.options.js';
import type { CheckedRecord } from '../scripts/check.js';
import { type MonitorContext, ServerMonitor } from './server-monitor.js';

const INTERVAL_MS = 1_000;
const HOLD_MS = 10_000;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function recordOf(type: ServerType): ServerRecord {
  const record = toServerRecord(serverId(type, '1'), { type, name: '1', incarnation: '1', state: 'ready', linkPort: '1' });
  if (!record) throw new Error('not a record');
  return record;
}

function newMonitor(type: ServerType = 'game') {
  const context = {
    options: { intervalMs: INTERVAL_MS, maxMisses: 2, graceMs: 3_000, holdMs: HOLD_MS },
    self: {
      voidReason: jest.fn().mockReturnValue(null),
      confirm: jest.fn().mockResolvedValue(true),
      distrust: jest.fn(),
      reportVoid: jest.fn(),
    },
    dials: { dial: jest.fn().mockResolvedValue('silent') },
    massFailures: { isMassSilence: jest.fn().mockReturnValue(false), isMassUnheard: jest.fn().mockReturnValue(false) },
    storeLossDetector: { isLost: jest.fn().mockResolvedValue(false) },
    holds: { report: jest.fn(), clear: jest.fn() },
    verdicts: { condemn: jest.fn().mockResolvedValue('over') },
    marks: { mark: jest.fn() },
    directory: { refresh: jest.fn().mockResolvedValue(undefined) },
    metrics: { healthChecks: { inc: jest.fn() } },
    log: { info: jest.fn() },
    onOver: jest.fn(),
  };
  const server = recordOf(type);
  const monitor = new ServerMonitor(context as unknown as MonitorContext, server, performance.now(), performance.now());
  /** Sends one check and judges its answer now. */
  const check = async (answer: Partial<CheckedRecord> = {}): Promise<void> => {
    const record = { incarnation: 1, state: 'ready', answered: true, lagMs: 0, suspect: 0, unheard: false, ageMs: 60_000, ...answer };
    monitor.receive(record, performance.now(), performance.now());
    await jest.advanceTimersByTimeAsync(0);
  };
  const wait = async (ms: number): Promise<void> => {
    await jest.advanceTimersByTimeAsync(ms);
    monitor.tick(performance.now());
    await jest.advanceTimersByTimeAsync(0);
  };
  const miss = async (): Promise<void> => {
    await check({ answered: false });
    await wait(INTERVAL_MS / 2);
  };
  return { context, server, monitor, check, wait, miss };
}

describe('ServerMonitor', () => {
  it('counts no miss for the first check', async () => {
    const { context, monitor, check } = newMonitor();
    await check({ answered: false });
    expect(context.metrics.healthChecks.inc).not.toHaveBeenCalled();
    expect(monitor.isSilent).toBe(false);
  });

  it('condemns a server that misses two checks and does not answer a connection attempt', async () => {
    const { context, server, monitor, check, miss } = newMonitor();
    await check();
    await miss();
    expect(monitor.isSilent).toBe(true);
    expect(context.marks.mark).toHaveBeenLastCalledWith(
      server,
      { suspect: 0, unheard: false },
      { suspect: 1, unheard: false },
      expect.any(Number),
    );
    expect(context.verdicts.condemn).not.toHaveBeenCalled();
    await check({ answered: false });
    expect(context.self.confirm).toHaveBeenCalledTimes(1);
    expect(context.verdicts.condemn).toHaveBeenCalledWith(server, 'silent');
    expect(context.onOver).toHaveBeenCalledWith(monitor);
  });

  it('reports a silence that began when the last answered check was sent', async () => {
    const { context, check, wait } = newMonitor();
    await check();
    await wait(INTERVAL_MS);
    await check();
    await wait(INTERVAL_MS);
    await check({ answered: false });
    expect(context.marks.mark.mock.calls.at(-1)?.[3]).toBe(2 * INTERVAL_MS);
  });

  it('does not condemn a server that answers the second check', async () => {
    const { context, server, monitor, check, miss } = newMonitor();
    await check();
    await miss();
    await check({ suspect: 1 });
    expect(context.marks.mark).toHaveBeenLastCalledWith(
      server,
      { suspect: 1, unheard: false },
      { suspect: 0, unheard: false },
      expect.any(Number),
    );
    expect(context.holds.clear).toHaveBeenCalledWith(server);
    await miss();
    expect(context.verdicts.condemn).not.toHaveBeenCalled();
    expect(monitor.isSilent).toBe(true);
  });

  it('condemns a server that misses one check and refuses a connection attempt', async () => {
    const { context, server, check, miss } = newMonitor();
    context.dials.dial.mockResolvedValue('refused');
    context.massFailures.isMassSilence.mockReturnValue(true);
    await check();
    await miss();
    expect(context.verdicts.condemn).toHaveBeenCalledWith(server, 'refused');
    expect(context.self.confirm).not.toHaveBeenCalled();
  });

  it('does not condemn a server that answers connection attempts but no checks', async () => {
    const { context, server, monitor, check, miss } = newMonitor();
    context.dials.dial.mockResolvedValue('answered');
    await check();
    await miss();
    await miss();
    expect(context.holds.report).toHaveBeenCalledWith(server, 'unheard', { misses: 2 });
    expect(monitor).toMatchObject({ isUnheard: true, isSilent: false });
    expect(context.verdicts.condemn).not.toHaveBeenCalled();
  });

  it.each<[ServerType, string[][]]>([
    ['game', [['store-lost']]],
    ['lobby', []],
  ])('condemns an unheard server that has lost Redis only when the server is a game server: %s', async (type, reasons) => {
    const { context, check, miss } = newMonitor(type);
    context.dials.dial.mockResolvedValue('answered');
    context.storeLossDetector.isLost.mockResolvedValue(true);
    await check();
    await miss();
    await check({ answered: false });
    expect(context.verdicts.condemn.mock.calls.map(([, reason]) => [reason])).toEqual(reasons);
  });

  it('delays the eviction while many servers are silent', async () => {
    const { context, server, check, wait, miss } = newMonitor();
    context.massFailures.isMassSilence.mockReturnValue(true);
    await check();
    await miss();
    await miss();
    expect(context.holds.report).toHaveBeenCalledWith(server, 'many', { misses: 2 });
    await wait(HOLD_MS - INTERVAL_MS);
    expect(context.verdicts.condemn).not.toHaveBeenCalled();
    await wait(INTERVAL_MS);
    expect(context.verdicts.condemn).toHaveBeenCalledWith(server, 'silent');
  });

  it('counts no miss when the gateway itself or Redis may have caused the silence', async () => {
    const { context, monitor, check, miss } = newMonitor();
    await check();
    context.self.voidReason.mockReturnValue('loop-late');
    await miss();
    await miss();
    expect(context.self.reportVoid).toHaveBeenCalledWith('loop-late');
    expect(monitor.isSilent).toBe(false);
    expect(context.dials.dial).not.toHaveBeenCalled();
  });

  it('does not condemn a server when Redis fails during the last check', async () => {
    const { context, check, miss } = newMonitor();
    context.self.confirm.mockResolvedValue(false);
    await check();
    await miss();
    await miss();
    expect(context.self.confirm).toHaveBeenCalled();
    expect(context.verdicts.condemn).not.toHaveBeenCalled();
  });

  it('ignores the result of a connection attempt that ends after the server has answered a check', async () => {
    const { context, check, wait, miss } = newMonitor();
    let end = (_: string): void => {};
    context.dials.dial.mockReturnValueOnce(new Promise((resolve) => (end = resolve)));
    await check();
    await miss();
    await check();
    end('refused');
    await wait(0);
    await miss();
    expect(context.verdicts.condemn).not.toHaveBeenCalled();
  });

  it('waits before it tries again to condemn a server for which votes are missing', async () => {
    const { context, check, wait, miss } = newMonitor();
    context.verdicts.condemn.mockResolvedValue('open');
    await check();
    await miss();
    await check({ answered: false });
    expect(context.verdicts.condemn).toHaveBeenCalledTimes(1);
    await wait(VERDICT_RETRY_MS / 2);
    expect(context.verdicts.condemn).toHaveBeenCalledTimes(1);
    await wait(VERDICT_RETRY_MS);
    expect(context.verdicts.condemn).toHaveBeenCalledTimes(2);
    expect(context.onOver).not.toHaveBeenCalled();
  });

  it('clears the suspicion when the server answers before its eviction', async () => {
    const { context, monitor, check, miss } = newMonitor();
    context.verdicts.condemn.mockResolvedValue('acquitted');
    await check();
    await miss();
    await miss();
    expect(monitor.isSilent).toBe(false);
    expect(context.onOver).not.toHaveBeenCalled();
  });

  it('checks a server soon after the loss of its link', async () => {
    const { monitor, check } = newMonitor();
    await check();
    monitor.linkLost(performance.now());
    expect(monitor.isDue(performance.now() + URGENT_CHECK_MS - 1)).toBe(false);
    expect(monitor.isDue(performance.now() + URGENT_CHECK_MS)).toBe(true);
    await jest.advanceTimersByTimeAsync(URGENT_CHECK_MS);
    await check({ answered: false });
    expect(monitor.isDue(performance.now() + URGENT_CHECK_MS)).toBe(true);
    await check();
    expect(monitor.isDue(performance.now() + URGENT_CHECK_MS)).toBe(true);
    await check();
    expect(monitor.isDue(performance.now() + URGENT_CHECK_MS)).toBe(false);
  });

  it('does not judge the record of another incarnation', async () => {
    const { context, monitor, check, miss } = newMonitor();
    await check();
    await miss();
    await check({ incarnation: 2, answered: false });
    expect(monitor.isSilent).toBe(false);
    expect(context.directory.refresh).toHaveBeenCalledTimes(1);
  });
});
