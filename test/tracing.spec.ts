import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TicTacToe } from '#games/tic-tac-toe';
import { ROOT } from '../tools/process/paths.mjs';
import { ADMIN_TOKEN, type Fleet, type FleetServer, type Game, startFleet, until } from './harness/index.js';
import { OtlpReceiver, type ReceivedSpan } from './harness/otlp-receiver.js';

type Line = { event: string; server: string; time: string; [field: string]: unknown };

describe('a fleet that traces to an OpenTelemetry receiver', () => {
  let receiver: OtlpReceiver;
  let fleet: Fleet;
  let game: Game<TicTacToe>;
  let first: FleetServer;
  beforeAll(async () => {
    receiver = await OtlpReceiver.start();
    const tracing = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, TRACE_SAMPLE_PERCENT: '100' };
    fleet = await startFleet({ gateways: 2, lobbies: 1, games: 2, env: tracing });
    game = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    first = await fleet.ownerOf(game.rooms[0]);
  }, 60_000);
  afterAll(async () => {
    await fleet?.stop();
    receiver?.stop();
  });

  /**
   * Waits for a trace that begins with a span of this name and has all of these spans. A name that is in `names` twice requires two spans.
   * Returns `server name < parent` for each span.
   */
  async function traceOf(name: string, names: readonly string[]): Promise<string[]> {
    let spans: ReceivedSpan[] = [];
    await until(() => {
      const begun = receiver.spans.filter((span) => span.name === name && span.parentSpanId === '');
      const isWhole = (all: readonly ReceivedSpan[]): boolean =>
        names.every((each) => all.filter((span) => span.name === each).length >= names.filter((name) => name === each).length);
      spans = begun.map((root) => receiver.traceOf(root)).find(isWhole) ?? [];
      return spans.length > 0;
    }, 10_000);
    return spans.map((span) => {
      const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
      return `${span.server} ${span.name} < ${parent ? parent.name : span.parentSpanId || '-'}`;
    });
  }

  it('traces the start of a room through the gateway, the lobby and the game server', async () => {
    expect((await traceOf('rooms.start', ['room.open'])).sort()).toEqual([
      `${first.id} room.open < rooms.start`,
      'hf:gateway:1 rooms.start < -',
      'hf:lobby:1 rooms.start < rooms.start',
    ]);
  });

  it('traces a command from the gateway of its player through the game server and the change log to the gateway of the opponent', async () => {
    await game.rooms[0].send('place', { cell: 4 });
    const spans = await traceOf('command', ['command.handle', 'changes.append', 'sync.relay', 'sync.relay']);
    expect(spans).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^hf:gateway:\d command < -$/),
        `${first.id} command.handle < command`,
        `${first.id} changes.append < command.handle`,
        'hf:gateway:1 sync.relay < changes.append',
        'hf:gateway:2 sync.relay < changes.append',
      ]),
    );
  });

  it('ends the trace of an unanswered command when the session of its player ends', async () => {
    const { players, rooms } = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
    const owner = await fleet.ownerOf(rooms[0]);
    await fleet.pause(owner);
    try {
      rooms[0].send('place', { cell: 0 }).catch(() => {});
      players[0].close();
      const endedAt = (gateway: FleetServer) => gateway.logged('session.ended').some(({ session }) => session === players[0].id);
      await until(() => fleet.gateways.some(endedAt), 10_000);
    } finally {
      await fleet.resume(owner);
    }
    const ofCommand = ({ name, attributes }: ReceivedSpan) => name === 'command' && attributes['session.id'] === players[0].id;
    const { attributes } = await until(() => receiver.spans.find(ofCommand), 10_000);
    expect(attributes['holdfast.outcome']).toBe('session-ended');
    await fleet.whole();
  }, 30_000);

  it('traces the move of a room through the gateway, its former owner and its new owner', async () => {
    const url = `${fleet.gateways[0].opsUrl}/api/rooms/${game.rooms[0].id}/migrate`;
    const moved = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    expect(moved.status).toBe(200);
    const second = await fleet.ownerOf(game.rooms[0]);
    expect((await traceOf('room.move', ['room.migrate', 'room.load'])).sort()).toEqual(
      ['hf:gateway:1 room.move < -', `${first.id} room.migrate < room.move`, `${second.id} room.load < room.migrate`].sort(),
    );
  });

  it('traces a recovery from the gateway that starts it, through the new owner, to the gateways of both players', async () => {
    const owner = await fleet.ownerOf(game.rooms[0]);
    owner.kill();
    await owner.exited;
    const spans = await traceOf('recovery', ['room.adopt', 'session.pause', 'session.pause']);
    expect(spans).toContain(`${first.id} room.adopt < recovery`);
    expect(spans).toContainEqual(expect.stringMatching(/^hf:gateway:\d recovery < -$/));
    expect(spans.filter((span) => span.includes('session.pause')).sort()).toEqual([
      'hf:gateway:1 session.pause < room.adopt',
      'hf:gateway:2 session.pause < room.adopt',
    ]);
    await fleet.restart(owner);
    await fleet.whole();
  }, 30_000);

  it('writes logs in which the documented jq command follows a player over all servers', async () => {
    const [session] = game.players;
    await game.rooms[0].leave();
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-jq-'));
    await mkdir(join(folder, '.holdfast'));
    await symlink(fleet.logFolder, join(folder, '.holdfast', 'logs'));
    const page = await readFile(join(ROOT, 'docs/operations.md'), 'utf8');
    const command = /^jq -nRc .*$/m.exec(page)?.[0] ?? '';
    const lines = async (): Promise<Line[]> => {
      const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: folder, env: { ...process.env, PLAYER: session.user } });
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line);
    };
    try {
      await until(async () => (await lines()).some(({ event }) => event === 'session.left-room'), 10_000);
      const found = await lines();
      expect([...found].sort((a, b) => (a.time < b.time ? -1 : 1)).map(({ time }) => time)).toEqual(found.map(({ time }) => time));
      const steps = found.map(({ server, event }) => `${server.split(':')[1]} ${event}`);
      expect(steps).toEqual(
        expect.arrayContaining([
          'gateway session.started',
          'lobby room.created',
          'gateway session.entered-room',
          'lobby game.started',
          'game room.opened',
          'game player.attached',
          'game room.moved',
          'game room.adopted',
          'gateway session.left-room',
        ]),
      );
      expect(new Set(found.filter(({ event }) => event.startsWith('session.')).map((line) => line.session))).toEqual(new Set([session.id]));
      const opened = found.find(({ event }) => event === 'room.opened');
      expect(receiver.spans.find(({ traceId }) => traceId === opened?.traceId)).toBeDefined();
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('logs each error with a name and a message', async () => {
    const lines = (await fleet.logs()).split('\n').filter((line) => line.startsWith('{'));
    const errors = lines.map((line) => JSON.parse(line) as Line).filter((line) => line.error !== undefined);
    for (const { error } of errors) expect(error).toMatchObject({ name: expect.any(String), message: expect.any(String) });
  });
});
