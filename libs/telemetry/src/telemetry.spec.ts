import { Test } from '@nestjs/testing';
import { type ServerType, serverId } from '#libs/protocol';
import { until } from '../../../tools/process/until.mjs';
import { EventLoopLag, LAG_RESOLUTION_MS } from './event-loop-lag.js';
import { Log } from './log.js';
import { Metrics } from './metrics.js';
import { NestLog } from './nest-log.js';
import { OpsController } from './ops.controller.js';
import { Readiness } from './readiness.js';
import { TelemetryModule } from './telemetry.module.js';
import type { LogFormat } from './telemetry.options.js';

function logInto(format: LogFormat): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const log = new Log({ server: 'hf:game:1', level: 'debug', format, destination: { write: (line) => void lines.push(line) } });
  return { log, lines };
}

describe('the log of a server', () => {
  it('writes an event as one JSON object with the fields of the event and the server id', () => {
    const { log, lines } = logInto('json');
    log.info('room.recovered', { roomId: 'r1', epoch: 7 });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0])).toMatchObject({ level: 'info', server: 'hf:game:1', event: 'room.recovered', roomId: 'r1', epoch: 7 });
  });

  it('limits the number of life lines, and then writes the number of omitted lines', async () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const log = new Log({ server: 'hf:game:1', level: 'info', format: 'json', lifeLinesPerSecond: 2, destination });
    for (let room = 0; room < 5; room++) log.life('room.opened', { roomId: `r${room}`, users: ['u1'] });
    log.info('server.ready');
    await until(() => lines.length === 4);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { level: 'info', event: 'room.opened', roomId: 'r0', users: ['u1'] },
      { event: 'room.opened', roomId: 'r1' },
      { event: 'server.ready' },
      { event: 'life.left-out', lines: 3, linesPerSecond: 2 },
    ]);
  });

  it('writes the life lines of rooms and sessions even after many refusals in the same second', () => {
    const { log, lines } = logInto('json');
    for (let refused = 0; refused < 1_000; refused++) log.refusal('session.refused', { code: 'bad-token' });
    log.life('session.started', { user: 'u1' });
    expect(lines.at(-1)).toContain('session.started');
    expect(lines.length).toBeLessThan(1_000);
  });

  it('writes no control character of a text into the pretty format', () => {
    const { log, lines } = logInto('pretty');
    log.info('session.refused', { session: '\u001b[31mred\u009b' });
    expect(lines.join('')).toContain('session="\\u001b[31mred\\u009b"');
  });

  it('writes an event as one line of name=value pairs in the pretty format', () => {
    const { log, lines } = logInto('pretty');
    log.warn('server.evicted', { target: 'hf:game:2', why: 'no answer' });
    expect(lines.join('')).toContain('hf:game:1 server.evicted target=hf:game:2 why="no answer"');
  });

  it('writes the message of an error without secrets', () => {
    const { log, lines } = logInto('json');
    log.error('link.refused', { secret: 's3cr3t', peer: { token: 't0k3n', id: 'a' }, error: new Error('broken') });
    expect(lines[0]).not.toMatch(/s3cr3t|t0k3n/);
    expect(JSON.parse(lines[0])).toMatchObject({ peer: { id: 'a' }, error: { message: 'broken' } });
  });

  it('writes no secrets from nested values, lists or `toJSON`', () => {
    const { log, lines } = logInto('json');
    const secrets = { secret: 's3cr3t', Token: 's3cr3t', password: 's3cr3t', authorization: 's3cr3t', cookie: ['s3cr3t'], id: 'a' };
    log.info('thing.seen', { a: { b: { c: secrets } }, list: [{ deep: [secrets] }], json: { toJSON: () => ({ secrets }) } });
    expect(lines[0]).not.toContain('s3cr3t');
    const censored = { secret: '***', Token: '***', password: '***', authorization: '***', cookie: '***', id: 'a' };
    expect(JSON.parse(lines[0])).toMatchObject({ a: { b: { c: censored } }, list: [{ deep: [censored] }], json: { secrets: censored } });
  });

  it('accepts circular values, and objects whose properties throw', () => {
    const { log, lines } = logInto('json');
    const circular: Record<string, unknown> = { deep: 1n };
    circular.self = circular;
    const hostile = {
      get field(): never {
        throw new Error('not to be read');
      },
    };
    log.info('thing.seen', { circular, hostile });
    log.info('thing.seen', hostile);
    log.info('thing.seen', { error: Object.create(null) });
    expect(lines.map((line) => JSON.parse(line).event)).toEqual(['thing.seen', 'thing.seen', 'thing.seen']);
  });

  it.each([
    [
      'an error',
      Object.assign(new TypeError('broken'), { code: 'E1' }),
      { name: 'TypeError', message: 'broken', code: 'E1', stack: expect.any(String) },
    ],
    ['a text', 'broken', { name: 'Error', message: 'broken' }],
    ['an error body', { code: 'busy', message: 'Try again.', retry: true }, { name: 'Error', message: 'Try again.', code: 'busy' }],
    ['null', null, { name: 'Error', message: 'null' }],
  ])('writes the field `error` with a name and a message for %s', (_, error, written) => {
    const { log, lines } = logInto('json');
    log.error('request.failed', { error });
    expect(JSON.parse(lines[0]).error).toEqual(written);
  });

  it.each<LogFormat>(['json', 'pretty'])('shortens long texts and omits additional properties of an error (format: %s)', (format) => {
    const { log, lines } = logInto(format);
    const long = 'x'.repeat(1_000_000);
    log.error('request.failed', { error: Object.assign(new Error(long), { command: { args: ['a secret'] } }) });
    log.error('request.failed', { text: long, list: Array.from({ length: 100_000 }, () => 'y') });
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toContain('request.failed');
      expect(line).not.toContain('a secret');
      expect(line.length).toBeLessThan(20_000);
    }
  });

  it('writes an error at the level `debug` when another line already reports the cause', () => {
    const { log, lines } = logInto('json');
    log.reportElsewhere((error) => String(error).includes('away'));
    log.error('request.failed', { error: new Error('the store is away') });
    log.error('request.failed', { error: new Error('a defect') });
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(['debug', 'error']);
  });

  it('limits the length of a line, however large its fields are', () => {
    const long = 'x'.repeat(5_000_000);
    let deep: unknown = 'deep';
    for (let level = 0; level < 50; level++) deep = { deep };
    const many = Array.from({ length: 10_000 }, (_, index) => index);
    // An error like those of ioredis, which contain the whole command.
    const refused = Object.assign(new Error(long), { command: { name: 'set', args: ['key', Buffer.alloc(1_000_000), long] } });
    const wide = Object.fromEntries(many.map((key) => [`${long.slice(0, 500)}${key}`, long]));
    const fields = { text: long, many, deep, wide, refused };
    for (const format of ['json', 'pretty'] as const) {
      const { log, lines } = logInto(format);
      log.error('request.failed', { ...fields, error: refused });
      log.error('request.failed', { error: String(refused) });
      new NestLog(log).error(long, long, 'Scheduler');
      for (const line of lines) expect(line.length).toBeLessThan(60_000);
      expect(lines[0]).toContain('xxx… (5000000 characters)');
    }
    expect(fields.text).toHaveLength(5_000_000);
  });

  it('writes the messages of Nest with their context and stack', () => {
    const { log, lines } = logInto('json');
    new NestLog(log).error('it failed', 'Scheduler');
    const stack = 'RangeError: it failed\n    at x';
    new NestLog(log).error('it failed', stack, 'Scheduler');
    new NestLog(log).error(new TypeError('no'), 'Scheduler');
    const [plain, ...errors] = lines.map((line) => JSON.parse(line));
    expect(plain).toMatchObject({ event: 'nest.error', context: 'Scheduler', message: 'it failed' });
    expect(errors).toMatchObject([
      { context: 'Scheduler', error: { name: 'RangeError', message: 'it failed', stack } },
      { context: 'Scheduler', error: { name: 'TypeError', message: 'no', stack: expect.any(String) } },
    ]);
  });
});

describe('the ops endpoints', () => {
  it('answer 503 with the reasons until the server is ready, and 200 from then on', async () => {
    const module = await testingModule();
    const ops = module.get(OpsController);
    let redis: string | null = 'does not answer';
    module.get(Readiness).add('redis', () => redis);
    module.get(Readiness).add('registered', () => null);
    const response = { code: 0, status: (code: number) => (response.code = code) };

    expect(ops.readyz(response)).toEqual({ ready: false, notReady: { redis: 'does not answer' } });
    expect(response.code).toBe(503);
    expect(ops.livez()).toEqual({ live: true });

    redis = null;
    expect(ops.readyz(response)).toEqual({ ready: true, notReady: {} });
    expect(response.code).toBe(200);
    await module.close();
  });

  it('show each metric in the list `CONTRACT`, and the lag of the event loop', async () => {
    const module = await testingModule();
    await module.init();
    module.get(Metrics).evictions.inc({ type: 'game', reason: 'refused' });
    await busyFor(100);

    const text = await module.get(OpsController).metricsText();
    expect(text).toContain('holdfast_evictions_total{type="game",reason="refused",server="hf:game:1"} 1');
    for (const name of CONTRACT) expect(text).toContain(`# TYPE ${name} `);
    expect(module.get(EventLoopLag).takeP99Ms()).toBeGreaterThan(20);
    await module.close();
  });

  it('report the same event-loop lag to every scraper', async () => {
    const module = await testingModule();
    await module.init();
    await busyFor(100);
    module.get(EventLoopLag).endPeriod();

    const scraped = await Promise.all([1, 2].map(async () => sampleIn(await module.get(OpsController).metricsText(), LAG)));
    expect(scraped[0]).toBeGreaterThan(0.02);
    expect(scraped[1]).toBe(scraped[0]);
    await module.close();
  });

  it('contain no metric that a scrape resets', async () => {
    const module = await testingModule();
    expect(await module.get(OpsController).metricsText()).not.toContain('nodejs_eventloop_lag');
  });

  it('show the counters of a gateway as 0 before the first event', async () => {
    const text = await metricsOf('gateway');
    for (const reason of ['unheard', 'many', 'votes', 'dry-run'])
      expect(text).toContain(`holdfast_evictions_held_total{reason="${reason}",server="hf:gateway:1"} 0`);
    expect(text).toContain('holdfast_health_rounds_void_total{reason="no-echo",server="hf:gateway:1"} 0');
    expect(text).toContain('holdfast_goodbyes_total{code="too-slow",server="hf:gateway:1"} 0');
    expect(text).toContain('holdfast_room_pause_seconds_count{server="hf:gateway:1",cause="server-lost"} 0');
  });

  it('contain neither counters of other types of servers nor gauges that the server has not set', async () => {
    const text = await metricsOf('game');
    expect(text).not.toMatch(/^holdfast_(evictions_held_total|health_checks_total|free_slots|wanted_game_servers|store_available)\{/m);
  });

  it('count each relayed frame once, even when the metrics are read several times', async () => {
    const module = await testingModule();
    const metrics = module.get(Metrics);
    const up = metrics.relayFrames.of({ direction: 'up' });
    up.inc();
    up.inc(4);
    metrics.relayFrames.of({ direction: 'down' }).inc(2);
    await module.get(OpsController).metricsText();
    up.inc();
    for (const [seconds, times] of [
      [0.0004, 3],
      [0.001, 1],
      [0.002, 2],
      [99, 1],
    ])
      metrics.commandAckSeconds.observe(seconds, times);

    const text = await module.get(OpsController).metricsText();
    const sampleOf = (name: string, ...labels: string[]): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(label)))
          ?.split(' ')[1],
      );
    expect(sampleOf('holdfast_relay_frames_total', 'direction="up"')).toBe(6);
    expect(sampleOf('holdfast_relay_frames_total', 'direction="down"')).toBe(2);
    const upTo = (le: string): number => sampleOf('holdfast_command_ack_seconds_bucket', `le="${le}"`);
    expect(['0.0005', '0.001', '0.0025', '2.5', '+Inf'].map(upTo)).toEqual([3, 4, 6, 6, 7]);
    expect(sampleOf('holdfast_command_ack_seconds_count', 'server="hf:game:1"')).toBe(7);
    expect(sampleOf('holdfast_command_ack_seconds_sum')).toBeCloseTo(99.0062);
    await module.close();
  });
});

function testingModule() {
  return Test.createTestingModule({ imports: [TelemetryModule.forRoot({ server: 'hf:game:1', level: 'silent', format: 'json' })] })
    .compile()
    .then((module) => module.init());
}

const LAG = 'holdfast_event_loop_lag_seconds';

/** Blocks the event loop. Timers must fire before and after the block, because the lag is measured between two timers. */
async function busyFor(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3 * LAG_RESOLUTION_MS));
  const until = performance.now() + ms;
  while (performance.now() < until);
  await new Promise((resolve) => setTimeout(resolve, 3 * LAG_RESOLUTION_MS));
}

function sampleIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}\\{.*\\} (.*)$`, 'm').exec(text)?.[1]);
}

function metricsOf(type: ServerType): Promise<string> {
  return new Metrics({ server: serverId(type, '1'), type, level: 'silent', format: 'json' }).registry.metrics();
}

const CONTRACT = [
  ...['servers', 'sessions', 'connections', 'rooms', 'health_checks_total', 'health_rounds_void_total', 'evictions_total'],
  ...['evictions_held_total', 'placements_total', 'placement_seconds', 'commands_total', 'command_ack_seconds'],
  ...['room_pause_seconds', 'rooms_recovered_total', 'rooms_migrated_total', 'relay_frames_total', 'backpressure_total'],
  ...['event_loop_lag_seconds', 'free_slots', 'wanted_game_servers'],
].map((name) => `holdfast_${name}`);
