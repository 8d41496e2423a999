import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdminRoomView, FleetAnswer, QueueView, ServerView } from '#libs/admin';
import { ageOf, eventText, fleetTable, incidentsTable, queuesTable, roomsTable, shortId, table } from './tables.js';

const NOW = 1_000_000_000;

describe('a table for operators', () => {
  it('has columns as wide as their widest cells, without trailing blanks', () => {
    expect(
      table(
        ['A', 'BB'],
        [
          ['long', 'x'],
          ['s', ''],
        ],
      ),
    ).toBe('A     BB\nlong  x\ns');
  });

  it("shows no control characters from a player's name", () => {
    expect(table(['NAME'], [['\x1b[2Jgone\n']])).toBe('NAME\n·[2Jgone·');
  });
});

describe('the output for operators', () => {
  it('shows the queues of matchmaking, or a sentence when no player searches', () => {
    const queue: QueueView = {
      game: 'chess',
      runner: 'hf:lobby:1',
      tickets: 3,
      players: 5,
      paused: 1,
      waitingP50Ms: 1_250,
      waitingP95Ms: 9_000,
      matchedP50Ms: null,
      matchedP95Ms: null,
      matchesPerMinute: 12,
      ratingSpread: 80,
      roundMs: 1,
    };
    const [head, row] = queuesTable({ queues: [queue] }).split('\n');
    expect(head).toMatch(/^GAME +PLAYERS IN TICKETS +WAIT P50/);
    expect(row).toMatch(/^chess +5 in 3 \(1 paused\) +1\.3 s +9\.0 s +12 +80 +lobby:1$/);
    expect(queuesTable({ queues: [] })).toBe('Nobody searches for a match.');
  });

  it('shows servers without a region as the example of `list` in docs/operations.md', () => {
    const local = { version: '0.2.0-dev', build: 'dev', region: '' };
    const servers = [
      server({ ...local, id: 'hf:game:1', rooms: 4, players: 8, lagMs: 0.5 }),
      server({ ...local, id: 'hf:game:2', rooms: 3, players: 6, lagMs: 0.4 }),
      server({ ...local, id: 'hf:gateway:1', type: 'gateway', lagMs: 0.6 }),
      server({ ...local, id: 'hf:lobby:1', type: 'lobby', lagMs: 0.2 }),
    ];
    const gameServers = { open: 2, cordoned: 0, leaving: 0 };
    const fleet: FleetAnswer = { ...FLEET, rooms: 7, players: 14, slots: 2_000, freeSlots: 1_993, gameServers };
    const page = readFileSync(join(__dirname, '../../../docs/operations.md'), 'utf8');
    expect(page).toContain(`\`\`\`text\n${fleetTable(servers, fleet, NOW)}\n\`\`\``);
  });

  it('shows each server with its state and problems, and a summary of the fleet', () => {
    const text = fleetTable([server({}), server({ id: 'hf:game:2', cordoned: true, suspect: 1, reserved: 3 })], FLEET, NOW);
    const [head, first, second, , summary] = text.split('\n');
    expect(head).toMatch(/^SERVER +STATE +ROOMS/);
    expect(first).toMatch(/^game:1 +ready +4\/1000 +8 +0\.5 ms +right +60 s +eu +0\.1\.0 +b1$/);
    const [canary] = fleetTable([server({ canary: true })], FLEET, NOW)
      .split('\n')
      .slice(1);
    expect(canary).toMatch(/b1 +canary$/);
    const [drained] = fleetTable([server({ cordoned: true, rooms: 0, withheld: ['cordoned', 'draining'] })], FLEET, NOW)
      .split('\n')
      .slice(1);
    expect(drained).toMatch(/^game:1 +ready, drained .* b1$/);
    expect(second).toMatch(/^game:2 +ready, cordoned .* missed 1 check; 3 reserved$/);
    expect(summary).toBe('4 rooms, 8 players; 996 of 1000 slots free (0.4 % taken). 1 game server open, 1 cordoned; wanted: 2.');
  });

  it.each([
    [99_990, '+100 s'],
    [-3_600_000, '-3600 s'],
    [140, '+0.1 s'],
    [-40, 'right'],
    [null, '?'],
  ])('shows a clock with an offset of %j ms as %s', (clockOffsetMs, text) => {
    const [, row] = fleetTable([server({ clockOffsetMs })], FLEET, NOW).split('\n');
    expect(row.split(/ {2,}/)[5]).toBe(text);
  });

  it('shows the reason why a server is dead', () => {
    expect(fleetTable([server({ state: 'dead', deadReason: 'refused' })], FLEET, NOW)).toContain('dead (refused)  ');
  });

  it('shows the cursor of the next page of rooms', () => {
    expect(roomsTable({ rooms: [ROOM], next: '5.abc', total: 9, matched: 9, asOf: NOW, complete: true }, NOW)).toContain(
      '9 rooms in all. More: --after 5.abc',
    );
    expect(roomsTable({ rooms: [], next: null, total: 0, matched: 0, asOf: NOW, complete: true }, NOW)).toBe(
      'No matching rooms\n\n0 rooms in all.',
    );
  });

  it('shows an incident on one line with its reasons, rooms and pause', () => {
    const incident = {
      ...{
        server: 'hf:game:2',
        incarnation: 1,
        outcome: 'evicted' as const,
        reasons: ['check-missed', 'silent'],
        severity: 'critical' as const,
      },
      ...{ beganAt: NOW - 60_000, evictedAt: NOW - 58_000, endedAt: NOW - 57_600, rooms: 12, pauseMs: 2_400, returnedAt: NOW - 50_000 },
    };
    const text = incidentsTable({ incidents: [incident, { ...incident, endedAt: null, pauseMs: null, returnedAt: null }] }, NOW);
    expect(text).toMatch(/60 s ago +game:2 +evicted +check-missed, silent +12 +2400 ms +over +back after 10 s/);
    expect(text).toContain('not over');
    expect(incidentsTable({ incidents: [] }, NOW)).toBe('There was no incident within a day.');
  });

  it('shows each event on one line with its kind, server and reason', () => {
    const event = { at: NOW, by: 'hf:gateway:1', kind: 'room.recovered', reason: 'server-lost', server: 'hf:game:2', room: 'r1' };
    expect(eventText({ ...event, detail: { from: 'hf:game:1', epoch: 7 } })).toMatch(
      /^\d\d:\d\d:\d\d {2}room\.recovered {5}game:2 room r1 {2}server-lost {2}from=game:1 epoch=7$/,
    );
  });

  it.each([
    [5_000, '5 s'],
    [119_000, '119 s'],
    [600_000, '10 min'],
    [10_000_000, '3 h'],
    [300_000_000, '3 d'],
    [-50, '0 s'],
  ])('shows an age of %d ms as %p', (ms, text) => {
    expect(ageOf(NOW - ms, NOW)).toBe(text);
  });

  it('shows ids without the prefix of the fleet', () => {
    expect(shortId('hf:game:1')).toBe('game:1');
    expect(shortId('blue.2:gateway:eu-1')).toBe('gateway:eu-1');
    expect(shortId('game:1')).toBe('game:1');
  });
});

const FLEET: FleetAnswer = {
  gateway: 'hf:gateway:1',
  servers: {},
  slots: 1_000,
  rooms: 4,
  players: 8,
  freeSlots: 996,
  takenPercent: 0.4,
  gameServers: { open: 1, cordoned: 1, leaving: 0 },
  wantedGameServers: 2,
  scale: { upAtPercent: 75, downAtPercent: 40, windowMs: 1 },
};

const ROOM: AdminRoomView = {
  id: 'abc',
  game: 'chess',
  name: 'a room',
  status: 'playing',
  private: false,
  region: null,
  build: null,
  owner: { server: 'hf:game:1', incarnation: 1 },
  epoch: 1,
  version: 3,
  round: 0,
  durability: 'every-change',
  seats: 2,
  members: [],
  players: [],
  createdAt: NOW,
  since: NOW,
  result: null,
  ownerless: false,
};

function server(changes: Partial<ServerView>): ServerView {
  return {
    id: 'hf:game:1',
    type: 'game',
    name: '1',
    incarnation: 1,
    cpuPercent: 12,
    memoryBytes: 90_000_000,
    commandsPerSecond: 50,
    ackP99Ms: 2.5,
    state: 'ready',
    cordoned: false,
    suspect: 0,
    unheard: false,
    rooms: 4,
    players: 8,
    capacity: 1_000,
    reserved: 0,
    willing: true,
    withheld: [],
    lagMs: 0.5,
    clockOffsetMs: 3,
    version: '0.1.0',
    build: 'b1',
    region: 'eu',
    canary: false,
    games: {},
    link: '127.0.0.1:1',
    ops: '127.0.0.1:2',
    startedAt: NOW - 60_000,
    registeredAt: NOW - 60_000,
    deadReason: null,
    deadAt: null,
    settledAt: null,
    ...changes,
  };
}
