import type { SessionId } from '#libs/protocol';
import { Log, Metrics } from '#libs/telemetry';
import type { HostedRoom } from '../room/hosted-room.js';
import { ResyncWatch } from './resync-watch.js';

const options = { server: 'hf:game:test', level: 'silent', format: 'json' } as const;

function newWatch() {
  const log = new Log(options);
  const warned: unknown[] = [];
  log.warn = (event: string, fields?: unknown) => void warned.push([event, fields]);
  const metrics = new Metrics(options);
  return { watch: new ResyncWatch(metrics, log), warned, metrics };
}

const room = { id: 'r1', value: { game: 'chess' } } as unknown as HostedRoom;

describe('the watch for sessions that request the whole state', () => {
  it('logs a session that keeps requesting the state, once a minute and with its room, and counts each repeated request', async () => {
    const { watch, warned, metrics } = newWatch();
    for (let time = 0; time < 50; time++) watch.wantsAll(room, 's1' as SessionId, 1, time * 100);
    expect(warned).toEqual([['resync.repeated', { roomId: 'r1', game: 'chess', session: 's1', seat: 1, times: 6, withinMs: 60_000 }]]);
    expect((await metrics.resyncs.get()).values[0].value).toBe(49);
    for (let time = 0; time < 50; time++) watch.wantsAll(room, 's1' as SessionId, 1, 61_000 + time * 100);
    expect(warned).toHaveLength(2);
  });

  it('logs neither a session that requests the state every 15 s nor many sessions that request it once each', () => {
    const { watch, warned } = newWatch();
    for (let time = 0; time < 50; time++) watch.wantsAll(room, 's1' as SessionId, 0, time * 15_000);
    for (let count = 0; count < 1_000; count++) watch.wantsAll(room, `s${count}` as SessionId, null, 1_000_000);
    expect(warned).toEqual([]);
  });
});
