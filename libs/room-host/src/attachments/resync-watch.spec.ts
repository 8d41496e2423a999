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

describe('the log of sessions that request the whole state', () => {
  it('names each session that repeats its request, at most once per minute', async () => {
    const { watch, warned, metrics } = newWatch();
    for (let time = 0; time < 50; time++) watch.wantsAll(room, 's1' as SessionId, 1, time * 100);
    expect(warned).toEqual([['resync.repeated', { roomId: 'r1', game: 'chess', session: 's1', seat: 1, times: 6, withinMs: 60_000 }]]);
    expect((await metrics.resyncs.get()).values[0].value).toBe(49);
    for (let time = 0; time < 50; time++) watch.wantsAll(room, 's1' as SessionId, 1, 61_000 + time * 100);
    expect(warned).toHaveLength(2);
  });

  it('omits a session that repeats its request only every 15 s', () => {
    const { watch, warned } = newWatch();
    for (let time = 0; time < 50; time++) watch.wantsAll(room, 's1' as SessionId, 0, time * 15_000);
    for (let count = 0; count < 1_000; count++) watch.wantsAll(room, `s${count}` as SessionId, null, 1_000_000);
    expect(warned).toEqual([]);
  });
});
