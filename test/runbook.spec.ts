import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { TicTacToe } from '#games/tic-tac-toe';
import { ROOT } from '../tools/process/paths.mjs';
import { CommandShell } from './harness/command-shell.js';
import { ADMIN_TOKEN, type Fleet, type FleetServer, type Game, startFleet, until } from './harness/index.js';
import { commandsOf, type PageCommand } from './harness/page-commands.js';

const PAGE = 'docs/operations.md';
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const scripts: Record<string, string> = JSON.parse(read('package.json')).scripts;

/** Commands that this test does not run, each with the reason and with a check that replaces the run. */
const NOT_RUN: readonly { readonly command: RegExp; readonly reason: string; check(command: string): void }[] = [
  {
    command: /^docker compose /,
    reason: 'needs Docker',
    check: (command) => {
      const known = Object.keys(parse(read('docker-compose.yml')).services);
      const [action, ...words] = command.split(' ').slice(2);
      expect(['up', 'down', 'ps', 'logs', 'stop', 'restart']).toContain(action);
      for (const word of words.filter((each) => !each.startsWith('-'))) expect(known).toContain(word);
    },
  },
  {
    command: /^timedatectl$/,
    reason: 'needs a machine that runs systemd',
    check: (command) => expect(command).toBe('timedatectl'),
  },
  {
    command: /^redis-server \/etc\//,
    reason: 'reads the configuration of a machine; test/store-restore.spec.ts follows the steps around it',
    check: (command) => {
      expect(command).toMatch(/ --appendonly no$/);
      expect(read('tools/testing/fleet-redis.ts')).toContain("this.startAgain({ appendonly: 'no' })");
    },
  },
  {
    command: /^npm run fleet -- move-store .*--tls-ca /,
    reason:
      'needs servers with REDIS_URL_FILE and two Redis servers with TLS; test/long/store-move-tls.spec.ts runs it as this page has it',
    check: () => expect(read('test/long/store-move-tls.spec.ts')).toContain(`commandsOf('${PAGE}')`),
  },
  {
    command: /^npm run fleet -- move-store /,
    reason: 'needs servers with REDIS_URL_FILE; test/store-move.spec.ts runs it as this page has it',
    check: (command) => {
      expect(command.match(/--\w+/g)).toEqual(['--from', '--to']);
      expect(read('test/store-move.spec.ts')).toContain(`commandsOf('${PAGE}')`);
    },
  },
  {
    command: /^promtool test rules /,
    reason: 'takes several seconds; test/alerts.spec.ts runs it',
    check: (command) => {
      const [file = ''] = command.split(' ').slice(3);
      expect(existsSync(join(ROOT, file))).toBe(true);
      expect(read('test/alerts.spec.ts')).toContain(file.split('/').at(-1));
    },
  },
  {
    command: /^npm run (players|rolling)\b/,
    reason: 'takes more than a minute; test/long/drills.spec.ts runs it',
    check: (command) => expect(read('test/long/drills.spec.ts')).toContain(command.split(' ')[2]),
  },
  {
    command: /^npm (start|run start:game)\b/,
    reason: 'starts servers of its own; test/nodes.spec.ts and the harness of all fleets start them',
    check: (command) => expect(Object.keys(scripts)).toContain(command.replace(/^npm (run )?/, '').split(' ')[0]),
  },
  {
    command: /^npm run bench\b/,
    reason: 'measures for minutes on a machine of its own',
    check: (command) => {
      const [, section] = command.split(' -- ');
      if (section !== undefined) expect(Object.keys(JSON.parse(read('bench/baseline.json')).sections)).toContain(section);
    },
  },
  {
    command: /^node tools\/dashboard\/measure\.mjs$/,
    reason: 'measures a minute of scrolling in Chromium',
    check: (command) => expect(existsSync(join(ROOT, command.split(' ')[1] as string))).toBe(true),
  },
];

/**
 * The expected outputs of some commands. Every command that the test runs, also one without an expected output, must end with exit code 0.
 */
const PRINTED: readonly (readonly [command: RegExp, output: RegExp])[] = [
  [/fleet -- list/, /^game:1 +ready/m],
  [/^curl /, /"wantedGameServers":\d/],
  [/fleet -- rooms/, /tic-tac-toe/],
  [/fleet -- room /, /tic-tac-toe/],
  [/fleet -- incidents/, /^BEGAN +SERVER/m],
  [/fleet -- end /, /^The game in room \S+ has ended\.$/m],
  [/fleet -- evict /, /^game:\d is evicted\. Its rooms continue on other servers\.$/m],
  [/fleet -- drain /, /^game:\d is drained: \d+ rooms? migrated\.$/m],
  [/fleet -- migrate /, /^Room \S+ has migrated from game:\d to game:\d\.$/m],
  [/fleet -- kick /, /^\S+ is kicked\.$/m],
  [/fleet -- ban /, /^\S+ is banned until \d{4}-/m],
  [/fleet -- unban /, /^\S+ is no longer banned\.$/m],
  [/fleet -- players ada/, /Ada/],
  [/fleet -- audit /, /server\.\w+/],
  [/^redis-cli ping$/, /^PONG$/m],
  [/^redis-cli exists /, /^1$/m],
  [/^redis-cli config set /, /^OK$/m],
  [/^redis-cli info persistence$/, /^aof_rewrite_in_progress:\d/m],
  [/^redis-cli smembers /, /^hf:game:1$/m],
  [/^redis-cli hgetall /, /^state\nready$/m],
  [/^redis-cli hmget /, /^playing\nhf:game:\d\n\d+\n\d+$/m],
  [/^jq /, /"event":"session\.started"/],
  [/^holdfast config$/, /^game: the settings are correct$/m],
  [/^ulimit /, /^(\d+|unlimited)$/m],
];

/** Commands that print until the test ends them, each with the output that it must print when a server is cordoned. */
const ENDLESS: readonly (readonly [command: RegExp, output: RegExp])[] = [
  [/fleet -- watch$/, /server\.cordoned/],
  [/^redis-cli subscribe /, /server\.cordoned/],
];

/**
 * Commands that fail on a single Redis in its normal state, because they are for a Cluster, a sentinel or another state. Each answer shows
 * that Redis knows the command.
 */
const REFUSED: readonly (readonly [command: RegExp, answer: RegExp])[] = [
  [/^CLUSTER INFO$/, /cluster support disabled/],
  [/^SCRIPT KILL$/, /NOTBUSY/],
  [/^ACL SAVE$/, /not configured to use an ACL file/],
  [/^ACL SETUSER .* \+sentinel\|/, /'\+sentinel\|get-master-addr-by-name': Unknown command/],
  [/^CONFIG SET requirepass$/, /wrong number of arguments/],
  [/^SENTINEL FAILOVER$/, /unknown command/],
  [/^FAILOVER ABORT$/, /No failover in progress/],
];

const all = commandsOf(PAGE);
const endless = (text: string) => ENDLESS.some(([command]) => command.test(text));
const notRun = ({ text }: PageCommand) => NOT_RUN.find(({ command }) => command.test(text));
const ofKind = (kind: PageCommand['kind']) => all.filter((command) => command.kind === kind && !notRun(command)).map(({ text }) => text);

describe(`the page ${PAGE}`, () => {
  it('has commands for a shell, for Redis and for the admin API', () => {
    expect([ofKind('shell').length, ofKind('redis').length, ofKind('http').length].map((count) => count > 5)).toEqual([true, true, true]);
  });

  it.each([...NOT_RUN.map(({ command }) => command), ...[...PRINTED, ...ENDLESS, ...REFUSED].map(([command]) => command)])(
    'has a command that matches %s, for which this test has a rule',
    (command) => {
      expect(all.some(({ text }) => command.test(text))).toBe(true);
    },
  );

  it.each(all.filter(notRun).map((command) => [command.text, notRun(command)?.reason, command] as const))(
    'has the command `%s`, which this test checks but does not run, because it %s',
    (text, _, command) => notRun(command)?.check(text),
  );

  describe('on a running fleet', () => {
    let fleet: Fleet;
    let shell: CommandShell;
    let game: Game<TicTacToe> | null = null;

    beforeAll(async () => {
      fleet = await startFleet({ gateways: 1, lobbies: 1, games: 2, redis: { appendonly: true } });
      shell = await CommandShell.open(fleet);
    }, 60_000);
    afterAll(async () => {
      await shell?.close();
      await fleet?.stop();
    });

    /** Repairs the effects of the last command, so that two players are in a game on a fleet of ready servers. Returns the owner. */
    async function ownerOfGame(): Promise<FleetServer> {
      for (const server of fleet.games.filter(({ exit }) => exit)) await fleet.restart(server);
      await until(async () => (await cordoned()).length === 0, 15_000);
      await fleet.whole();
      // A game server reports its slots with its first answer to a health check.
      await until(async () => ((await fleet.admin('GET', '/api/fleet')) as { takenPercent: number | null }).takenPercent !== null, 15_000);
      const isOver = game === null || game.rooms[0].status !== 'playing' || game.players.some(({ status }) => status !== 'open');
      if (game === null || isOver) game = await fleet.twoPlayersInAGame<TicTacToe>('tic-tac-toe');
      return fleet.ownerOf(game.rooms[0]);
    }

    /** Opens all cordoned servers again, and returns those that were cordoned. */
    async function cordoned(): Promise<unknown[]> {
      const { servers } = (await fleet.admin('GET', '/api/servers')) as { servers: { id: string; cordoned: boolean }[] };
      const found = servers.filter((server) => server.cordoned);
      for (const { id } of found) await fleet.admin('POST', `/api/servers/${id}/uncordon`);
      return found;
    }

    /** Returns the value of each variable that the commands of the page contain. */
    function variables(owner: FleetServer): Record<string, string> {
      const { rooms, players } = game as Game<TicTacToe>;
      const [gateway] = fleet.gateways as [FleetServer];
      return {
        ADMIN_TOKEN,
        SERVER: owner.id.replace(/^hf:/, ''),
        PID: String(owner.pid),
        ROOM: rooms[0].id,
        PLAYER: players[0].user,
        GATEWAY: gateway.opsUrl,
        PLAY: gateway.publicUrl,
        REPLICA: '127.0.0.1',
      };
    }

    it.each(all.filter(({ text, kind }) => kind === 'shell' && ofKind('shell').includes(text) && !endless(text)))(
      'has the command `$text`, which succeeds',
      async ({ text, output: shown }) => {
        const owner = await ownerOfGame();
        const values = variables(owner);
        // The command kills this server. Without this line, `stop` of the fleet would report that the server ended by itself.
        if (text.startsWith('kill ')) owner.isExpectedToEnd = true;
        // Makes an entry in the audit log, which the command then lists.
        if (text.includes('-- audit ')) await fleet.admin('POST', `/api/servers/${owner.id}/uncordon`);
        // Makes the ban that the command lifts.
        if (text.includes('-- unban ')) await fleet.admin('POST', `/api/players/${values.PLAYER}/ban`, {});
        const { code, output } = await shell.run(text, values);
        expect([code, output]).toEqual([0, expect.any(String)]);
        for (const [command, printed] of PRINTED) if (command.test(text)) expect(output).toMatch(printed);
        if (shown !== undefined) expect(shapeOf(output)).toEqual(shapeOf(shown));
        if (text.startsWith('kill ')) await until(async () => (await fleet.ownerOf({ id: values.ROOM as string })) !== owner, 15_000);
      },
    );

    it.each(ENDLESS.map(([command, output]) => [ofKind('shell').find((text) => command.test(text)) as string, output] as const))(
      'has the command `%s`, which shows the events of the fleet',
      async (text, printed) => {
        const server = await ownerOfGame();
        const ended = shell.run(text, variables(server), printed);
        let isOver = false;
        void ended.then(() => {
          isOver = true;
        });
        await until(
          async () => {
            await fleet.admin('POST', `/api/servers/${server.id}/cordon`);
            await cordoned();
            return isOver;
          },
          15_000,
          200,
        );
        expect((await ended).output).toMatch(printed);
      },
    );

    it.each(ofKind('redis'))('has the Redis command `%s`, which Redis knows', async (text) => {
      const [name = '', ...words] = text.split(' ');
      // The password that the command removes.
      if (text.endsWith('<OLD')) await fleet.redis.client.call('ACL', 'SETUSER', 'holdfast', '>OLD');
      const answer = fleet.redis.client.call(name, ...words);
      const [, refused] = REFUSED.find(([command]) => command.test(text)) ?? [];
      if (refused) await expect(answer).rejects.toThrow(refused);
      else await expect(answer).resolves.toBeDefined();
    });

    it.each(ofKind('http'))('has the request `%s`, which the admin API answers with 200', async (text) => {
      const [method = '', path = ''] = text.split(' ');
      await ownerOfGame();
      await fleet.admin('POST', `/api/servers/${fleet.games[0]?.id}/uncordon`);
      const { acts } = (await fleet.admin('GET', '/api/audit')) as { acts: { id: string }[] };
      const stop = new AbortController();
      const answer = await fetch(`${fleet.gateways[0]?.opsUrl}${path.replace('$ACT', acts[0]?.id ?? '')}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
        signal: stop.signal,
      });
      stop.abort();
      expect(answer.status).toBe(200);
    });
  });
});

/** Returns what the outputs of a command have in common: the columns of a table, the types of servers in it, and the words of a summary. */
function shapeOf(output: string): readonly string[] {
  const [head = '', ...rows] = output.trim().split('\n');
  const types = rows.map((row) => /^([a-z]+):\d/.exec(row)?.[1]).filter((type) => type !== undefined);
  const last = (rows.at(-1) ?? '').replace(/\d+(\.\d+)?/g, '0');
  return [head.trim().replace(/ +/g, ' '), ...[...new Set(types)].sort(), last];
}
