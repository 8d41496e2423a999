import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScheduleModule } from '@nestjs/schedule';
import { Test, type TestingModule } from '@nestjs/testing';
import { CHAT_DEFAULTS, ChatModerator, ChatModule } from '#libs/chat';
import { ClientTransport, type ConnectionEvents, type PlayerConnection } from '#libs/edge';
import { ExtensionExplorer, ExtensionModule } from '#libs/extension';
import { EventSink, FleetModule } from '#libs/fleet';
import { LinkModule } from '#libs/link';
import { MatchmakingModule, MatchStrategy, type Ticket } from '#libs/matchmaking';
import { PlacementModule, PlacementStrategy } from '#libs/placement';
import { type MatchRules, matchRules, type RoomId, type UserId } from '#libs/protocol';
import { RedisConnections, RedisModule } from '#libs/redis';
import { RoomStoreModule } from '#libs/room-store';
import { Authenticator, SessionModule, UserDirectory } from '#libs/session';
import { TelemetryModule } from '#libs/telemetry';
import { EventLog } from './event-log.js';
import { HouseModule } from './house.module.js';

const page = readFileSync(join(__dirname, '..', 'extending.md'), 'utf8');
const files = readdirSync(__dirname).filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));

describe('the page docs/extending.md', () => {
  it.each(files)('quotes the tested file %s', async (file) => {
    expect(page).toContain(`\`\`\`ts ${file}\n${await readFile(join(__dirname, file), 'utf8')}\`\`\``);
  });
});

describe('the extensions of docs/extending.md', () => {
  let module: TestingModule;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-unix-'));
    process.env.PLAYERS_SOCKET = join(folder, 'players');
    module = await Test.createTestingModule({
      imports: [
        RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }),
        TelemetryModule.forRoot({ server: 'hf:lobby:test', level: 'silent', format: 'json' }),
        LinkModule.forRoot({ host: '127.0.0.1', port: 0, secrets: ['a secret for tests only'] }),
        FleetModule.forRoot({ type: 'lobby', name: `extending-${process.pid}` }),
        RoomStoreModule.forRoot(),
        ScheduleModule.forRoot(),
        SessionModule.forRoot({ auth: { kind: 'extension' } }),
        PlacementModule.forRoot({ strategy: 'packed' }),
        MatchmakingModule.forRoot(),
        ChatModule.forLobby(CHAT_DEFAULTS),
        ExtensionModule,
        HouseModule,
      ],
    }).compile();
    await module.get(RedisConnections).ready();
    await module.init();
  });
  afterAll(() => module.close());

  it('authenticate a player by a key', async () => {
    const authenticator = module.get(Authenticator, { strict: false });
    expect(await authenticator.authenticate({ token: 'key-of-ada' })).toEqual({ user: 'ada', name: 'Ada' });
    await expect(authenticator.authenticate({ token: 'other' })).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('return the names of users who are not connected', async () => {
    const names = await module.get(UserDirectory, { strict: false }).namesOf(['ada' as UserId, 'nobody' as UserId]);
    expect([...names]).toEqual([['ada', 'Ada']]);
  });

  it('rank the servers by rooms and players', () => {
    const strategy = module.get(PlacementStrategy, { strict: false });
    expect([strategy.takes, strategy.score({ rooms: 2, players: 5, capacity: 10 })]).toEqual(['lowest', 7]);
  });

  it('match players in the order in which they began to search', () => {
    const rules: MatchRules = matchRules({ min: 2, max: 2 });
    const ticket = (id: string, since: number): Ticket => ({ id, since, game: 'chess', players: [{ user: id as UserId, name: id }] });
    const tickets = [ticket('late', 3), ticket('first', 1), ticket('second', 2)];
    const matches = [...module.get(MatchStrategy, { strict: false }).match({ game: 'chess', rules, now: 4, tickets, rooms: [] })];
    expect(matches.map((match) => match.tickets.map(({ id }) => id))).toEqual([['first', 'second']]);
  });

  it('receive the operator events of the process', () => {
    const event = { kind: 'server.evicted', reason: 'silent' } as const;
    module.get(EventSink, { strict: false }).publish(event);
    module.get(EventSink, { strict: false }).publish({ kind: 'server.left', reason: 'stopped' });
    expect(module.get(EventLog, { strict: false }).evictions).toEqual([event]);
  });

  it('moderate chat messages', async () => {
    const review = (text: string) =>
      module.get(ChatModerator, { strict: false }).review({ user: 'ada' as UserId, name: 'Ada', text, target: { room: 'r' as RoomId } });
    expect([await review('hi'), await review('call 12345'), await review('https://x')]).toEqual([
      'pass',
      { text: 'call *****' },
      { refuse: 'Links are not allowed here.' },
    ]);
  });

  it('accept players over a Unix socket', async () => {
    const [transport] = module.get(ExtensionExplorer, { strict: false }).all(ClientTransport);
    const frames: string[] = [];
    const events: Partial<ConnectionEvents> = {
      accepted: () => true,
      opened: () => {},
      closed: () => {},
      frame: (connection: PlayerConnection, frame: Buffer) => {
        frames.push(frame.toString());
        connection.sendFrame(Buffer.from('pong'));
      },
    };
    await transport.listen(events as ConnectionEvents);
    const socket = await new Promise<Socket>((resolve) => {
      const connecting = connect(process.env.PLAYERS_SOCKET as string, () => resolve(connecting));
    });
    socket.write(Buffer.concat([Buffer.from([0, 0, 0, 4]), Buffer.from('ping')]));
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect([frames, answer.subarray(4).toString()]).toEqual([['ping'], 'pong']);
    socket.destroy();
    transport.close();
  });
});
