import { type ServerRecord, toServerRecord } from '#libs/fleet';
import { type ServerId, serverId } from '#libs/protocol';
import { MANY_WINDOW_INTERVALS } from '../health.options.js';
import { MassFailures, type MonitoredState } from './mass-failures.js';

const INTERVAL_MS = 1_000;
const WELL: MonitoredState = { isSilent: false, isUnheard: false };

function server(name: string, fields: Record<string, string> = {}): ServerRecord {
  return toServerRecord(serverId('game', name), { type: 'game', name, incarnation: '1', state: 'ready', ...fields }) as ServerRecord;
}

function newFailures(servers: readonly ServerRecord[], monitored: Readonly<Record<ServerId, MonitoredState>> = {}): MassFailures {
  return new MassFailures(
    INTERVAL_MS,
    () => servers,
    (id) => monitored[id],
  );
}

const suspect = (name: string): ServerRecord => server(name, { suspect: '1' });
const unheard = (name: string): ServerRecord => server(name, { suspect: '1', unheard: '1' });

describe('MassFailures', () => {
  it('reports a mass failure when at least two servers and more than a third of all servers are silent', () => {
    expect(newFailures([suspect('a'), server('b'), server('c')]).isMassSilence(0)).toBe(false);
    expect(newFailures([suspect('a'), suspect('b'), server('c')]).isMassSilence(0)).toBe(true);
    const six = [suspect('a'), suspect('b'), server('c'), server('d'), server('e'), server('f')];
    expect(newFailures(six).isMassSilence(0)).toBe(false);
  });

  it('counts unheard servers and silent servers separately', () => {
    expect(newFailures([unheard('a'), unheard('b')]).isMassSilence(0)).toBe(false);
    expect(newFailures([unheard('a'), unheard('b')]).isMassUnheard()).toBe(true);
    expect(newFailures([suspect('a'), suspect('b')]).isMassUnheard()).toBe(false);
  });

  it("prefers the state of a server's monitor to the state in the directory", () => {
    const [a, b] = [suspect('a'), suspect('b')];
    expect(newFailures([a, b], { [a.id]: WELL }).isMassSilence(0)).toBe(false);
    const [c, d] = [server('c'), server('d')];
    const silent = { isSilent: true, isUnheard: true };
    expect(newFailures([c, d], { [c.id]: silent, [d.id]: silent }).isMassSilence(0)).toBe(true);
    expect(newFailures([c, d], { [c.id]: silent, [d.id]: silent }).isMassUnheard()).toBe(true);
  });

  it('counts a server that died recently as silent until the end of the time window', () => {
    const failures = newFailures([suspect('a'), server('b')]);
    failures.recordDeath(0);
    expect(failures.isMassSilence(1)).toBe(true);
    expect(failures.isMassSilence(MANY_WINDOW_INTERVALS * INTERVAL_MS + 1)).toBe(false);
  });

  it('ignores servers that are dead in the directory', () => {
    const dead = { state: 'dead', suspect: '1' };
    expect(newFailures([server('a', dead), server('b', dead), server('c')]).isMassSilence(0)).toBe(false);
  });
});
