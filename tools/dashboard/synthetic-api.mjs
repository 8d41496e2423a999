import { createServer } from 'node:http';
import { join } from 'node:path';
import express from 'express';
import { DIST } from '../process/paths.mjs';
import { syntheticFleet } from './synthetic-fleet.mjs';

/**
 * Serves the built dashboard with the answers of a synthetic fleet of any size, so that developers can view and measure the pages. The
 * token `viewer` may only read. All other tokens may also send commands.
 *
 * @param {{ servers?: number, rooms?: number, port?: number }} [options]
 */
export async function serveSyntheticApi({ servers = 100, rooms = 10_000, port = 0 } = {}) {
  const fleet = syntheticFleet({ servers, rooms });
  const app = express();
  const { DASHBOARD_POLICY } = await import(join(DIST, 'libs/server-kit/src/gateway/dashboard-pages.js'));
  app.use(
    express.static(join(DIST, 'dashboard'), { setHeaders: (response) => response.setHeader('Content-Security-Policy', DASHBOARD_POLICY) }),
  );
  app.use('/api', api(fleet));
  const server = createServer(app);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  const { port: open } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${open}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** @param {ReturnType<typeof syntheticFleet>} fleet */
function api(fleet) {
  const { servers, rooms, players, incidents } = fleet;
  const router = express.Router();
  router.use(express.json());
  router.get('/whoami', (request, response) => {
    const role = request.headers.authorization === 'Bearer viewer' ? 'viewer' : 'operator';
    response.json({ name: role === 'viewer' ? 'guest' : 'ada', role, gateway: 'hf:gateway:1' });
  });
  router.get('/fleet', (_, response) => {
    fleet.tick();
    const games = servers.filter(({ type, state }) => type === 'game' && state !== 'dead');
    const slots = games.length * 150;
    const playing = games.reduce((sum, { rooms: count }) => sum + count, 0);
    response.json({
      gateway: 'hf:gateway:1',
      servers: {},
      slots,
      rooms: playing,
      players: playing * 2,
      freeSlots: slots - playing,
      takenPercent: (playing / slots) * 100,
      gameServers: { open: games.length - 2, cordoned: 2, leaving: 0 },
      wantedGameServers: games.length - 1,
      scale: { upAtPercent: 70, downAtPercent: 40, windowMs: 300_000 },
    });
  });
  router.get('/servers', (_, response) => void response.json({ servers }));
  router.get('/servers/:id', ({ params }, response) => {
    const server = servers.find(({ id }) => id === params.id);
    if (!server) return void response.status(404).json({ code: 'not-found', message: `There is no server ${params.id}.`, retry: false });
    const links = servers.slice(0, 12).map((peer) => ({ server: peer.id, incarnation: peer.incarnation, silent: false, backlogBytes: 0 }));
    const live = { pid: 4_711, node: 'v24.4.1', uptimeMs: 1e7, heapBytes: 6e7, storeAvailable: true, links };
    const health = { checker: 'hf:gateway:2', votes: [], unreachedBy: [] };
    response.json({
      ...server,
      health,
      live: server.state === 'dead' ? null : live,
      incidents: incidents.filter(({ server: id }) => id === server.id),
    });
  });
  router.get('/incidents', (_, response) => void response.json({ incidents }));
  router.get('/rooms', ({ query }, response) => void response.json(roomsOf(rooms, query)));
  router.get('/rooms/:id', ({ params }, response) => {
    const room = rooms.find(({ id }) => id === params.id) ?? rooms[0];
    const connections = room.members.map(({ user, here }) => ({ user, gateway: 'hf:gateway:1', away: !here }));
    response.json({ ...room, connections, log: room.version > 0 ? { from: Math.max(0, room.version - 60), to: room.version } : null });
  });
  router.get('/rooms/:id/history', ({ params, query }, response) => {
    const room = rooms.find(({ id }) => id === params.id) ?? rooms[0];
    const to = Math.min(room.version, Number(query.before ?? Number.POSITIVE_INFINITY) - 1);
    const changes = Array.from({ length: Math.min(40, to) }, (_, index) => changeOf(to - index)).reverse();
    response.json({ room: room.id, version: room.version, changes, more: to > 40 });
  });
  router.get('/rooms/:id/replay', ({ params, query }, response) => {
    const room = rooms.find(({ id }) => id === params.id) ?? rooms[0];
    const version = Math.min(room.version, Number(query.version ?? room.version));
    response.json(replayOf(room, version));
  });
  router.get('/queues', (_, response) => {
    const waits = { waitingP50Ms: 2_100, waitingP95Ms: 9_400, matchedP50Ms: 1_800, matchedP95Ms: 8_000 };
    const queue = { runner: 'hf:lobby:1', paused: 1, matchesPerMinute: 61, ratingSpread: 84, roundMs: 3, ...waits };
    response.json({
      queues: ['chess', 'arena'].map((game, index) => ({ ...queue, game, tickets: 14 + index * 20, players: 16 + index * 60 })),
    });
  });
  router.get('/players', ({ query }, response) => {
    const q = String(query.q ?? '').toLowerCase();
    const matched = players.filter(({ user, name }) => user.includes(q) || name.toLowerCase().includes(q));
    const from = Number(query.after ?? 0);
    const limit = Number(query.limit ?? 100);
    const next = from + limit < matched.length ? String(from + limit) : null;
    response.json({ players: matched.slice(from, from + limit), next, total: players.length, matched: matched.length, missing: [] });
  });
  router.get('/players/:user', ({ params }, response) => {
    const connection = players.find(({ user }) => user === params.user) ?? null;
    const session = connection && { gateway: connection.gateway, away: !connection.connected, room: connection.room };
    const room = connection?.room ? { id: connection.room, watching: false } : null;
    const ban = { user: params.user, until: null, at: Date.now() - 6e6, by: 'ada', note: 'insults' };
    response.json({
      user: params.user,
      name: connection?.name ?? null,
      session,
      connection,
      room,
      ban: connection ? null : ban,
      mute: null,
    });
  });
  const bans = Array.from({ length: 450 }, (_, index) => ({
    user: `u${17 + index}-0`,
    until: index % 3 === 0 ? null : Date.now() + 6e7,
    at: Date.now() - (index + 1) * 6e6,
    by: 'ada',
    note: index % 2 === 0 ? 'insults' : null,
  }));
  router.get('/bans', ({ query: { q = '', after = '0', limit = '100' } }, response) => {
    const matched = bans.filter(({ user }) => user.includes(String(q)));
    const end = Number(after) + Number(limit);
    const next = end < matched.length ? String(end) : null;
    response.json({ sanctions: matched.slice(Number(after), end), next, total: bans.length });
  });
  router.get('/mutes', (_, response) => void response.json({ sanctions: [], next: null, total: 0 }));
  router.get(
    '/series',
    ({ query }, response) =>
      void response.json(seriesOf(query.server ? servers.filter(({ id }) => id === query.server) : servers, Number(query.minutes ?? 60))),
  );
  router.get('/audit', (_, response) => void response.json({ acts: ACTS, next: null }));
  router.get('/acts/:id', (_, response) => void response.json({ ...ACTS[0], outcome: 'done', result: { moved: 118, left: 0 } }));
  router.get('/events', (_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const kinds = ['server.registered', 'server.suspect', 'server.evicted', 'recovery.started', 'recovery.done', 'server.drained'];
    for (let index = 0; index < 200; index++) {
      const kind = kinds[index % kinds.length];
      const severity = kind === 'server.evicted' ? 'critical' : kind === 'server.suspect' ? 'warning' : 'info';
      const event = {
        id: `e${index}`,
        at: Date.now() - (200 - index) * 8_000,
        by: 'hf:gateway:1',
        kind,
        severity,
        reason: 'silent',
        server: `hf:game:${index % 20}`,
        detail: { rooms: index },
      };
      response.write(`id: ${event.id}\nevent: ${kind}\ndata: ${JSON.stringify(event)}\n\n`);
    }
  });
  router.use((request, response) => {
    if (request.method === 'GET')
      return void response.status(404).json({ code: 'not-found', message: 'The synthetic fleet does not have this.', retry: false });
    response.json({
      act: 'a1',
      moved: 118,
      left: 0,
      server: servers[1],
      evicted: true,
      to: 'hf:game:2',
      ended: true,
      kicked: true,
      lifted: true,
    });
  });
  return router;
}

/** @param {any[]} rooms @param {any} query */
function roomsOf(rooms, { q = '', game, status, server, ownerless, sort = 'created', order = 'desc', limit = '100', after = '0' }) {
  const text = String(q).toLowerCase();
  const matched = rooms.filter(
    (room) =>
      (!game || room.game === game) &&
      (!status || room.status === status) &&
      (!server || room.owner?.server === server) &&
      (ownerless !== 'true' || room.ownerless) &&
      (text === '' || room.id.includes(text) || room.name.toLowerCase().includes(text)),
  );
  const value = (/** @type {any} */ room) =>
    ({
      created: room.createdAt,
      changed: room.since,
      players: room.members.length,
      version: room.version,
      name: room.name,
      game: room.game,
    })[String(sort)];
  matched.sort((one, other) => (value(one) < value(other) ? -1 : 1) * (order === 'asc' ? 1 : -1));
  const from = Number(after);
  const end = from + Number(limit);
  return {
    rooms: matched.slice(from, end),
    next: end < matched.length ? String(end) : null,
    total: rooms.length,
    matched: matched.length,
    asOf: Date.now() - 400,
    complete: true,
  };
}

/** @param {number} version */
function changeOf(version) {
  const events = version % 4 === 0 ? [{ name: 'placed', data: { cell: version % 9 } }] : [];
  return {
    version,
    at: Date.now() - (400 - version) * 900,
    events,
    seats: { [version % 2]: { seq: version } },
    patches: 2,
    deltaBytes: null,
    ended: null,
  };
}

/** @param {any} room @param {number} version */
function replayOf(room, version) {
  const board = Array.from({ length: 9 }, (_, cell) => (cell < version % 9 ? (cell % 2 ? 'O' : 'X') : null));
  return {
    room: room.id,
    game: room.game,
    gameVersion: 2,
    round: room.round,
    version,
    from: Math.max(0, room.version - 60),
    to: room.version,
    at: Date.now() - (room.version - version) * 900,
    state: { board, turn: version % 2, clock: { white: 180_000 - version * 900, black: 178_000 - version * 850 }, moves: version },
    timers: [{ name: 'turn', at: Date.now() - (room.version - version) * 900 + 14_000 }],
    seats: room.members.map((/** @type {any} */ member, /** @type {number} */ seat) => ({
      user: member.user,
      name: member.name,
      presence: 'here',
      seq: Math.floor((version + seat) / 2),
      bot: false,
    })),
    ended: null,
  };
}

/** @param {any[]} servers @param {number} minutes */
function seriesOf(servers, minutes) {
  const points = 240;
  const stepMs = (minutes * 60_000) / points;
  const at = Array.from({ length: points }, (_, index) => Math.round(Date.now() - (points - index) * stepMs));
  const wave = (/** @type {number} */ base, /** @type {number} */ swing, /** @type {number} */ phase) =>
    at.map((_, index) => Math.round((base + Math.sin(index / 24 + phase) * swing + ((index * 37) % 11)) * 10) / 10);
  const missing = (/** @type {number[]} */ values) => values.map((value, index) => (index > 90 && index < 96 ? null : value));
  return {
    stepMs,
    at,
    fleet: {
      games: wave(8_600, 900, 0),
      slots: at.map(() => 12_400),
      sessions: wave(17_300, 2_000, 0.2),
      commandsPerSecond: missing(wave(21_000, 4_000, 0.5)),
      ackP99Ms: wave(6, 1.5, 1),
      lagMs: wave(9, 4, 2),
      gameServers: at.map((_, index) => (index > 150 && index < 158 ? 84 : 85)),
      ownerlessRooms: at.map((_, index) => (index === 150 ? 118 : 0)),
    },
    servers: servers.map(({ id, type }, index) => ({
      id,
      type,
      load: wave(90 + index / 4, 20, index),
      cpuPercent: wave(30 + (index % 30), 12, index),
      lagMs: wave(4, 2, index),
      commandsPerSecond: wave(300, 40, index),
    })),
    pauses: [{ at: at[150], pauseMs: Math.max(2_640, stepMs), server: 'hf:game:3', rooms: 118 }],
  };
}

const ACTS = ['server.drain', 'server.cordon', 'room.end', 'player.kick', 'player.ban', 'server.evict'].map((act, index) => ({
  id: `a${index}`,
  at: Date.now() - index * 400_000,
  actor: index % 3 === 2 ? 'guest' : 'ada',
  role: index % 3 === 2 ? 'viewer' : 'operator',
  gateway: 'hf:gateway:1',
  act,
  target: act.startsWith('server') ? 'hf:game:12' : act.startsWith('room') ? 'room-000001' : 'u17',
  note: index % 2 === 0 ? 'new build' : null,
  input: null,
  outcome: index % 3 === 2 ? 'refused' : 'done',
  code: index % 3 === 2 ? 'forbidden' : null,
  message: index % 3 === 2 ? 'A viewer may only read.' : null,
  result: index === 0 ? { moved: 118, left: 0 } : null,
  progress: index === 0 ? { total: 118, left: 0 } : null,
  endedAt: Date.now() - index * 400_000 + 2_400,
}));
