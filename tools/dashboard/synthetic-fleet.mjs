const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const GAMES = ['tic-tac-toe', 'chess', 'arena', 'speed-typing'];
const REGIONS = ['eu', 'us', 'asia'];

/**
 * Makes a fleet that exists only in the answers of `synthetic-api.mjs`. Its numbers change with each poll, as those of a real fleet do.
 *
 * @param {{ servers: number, rooms: number, random?: () => number }} options
 */
export function syntheticFleet({ servers: count, rooms: roomCount, random = randomFrom(7) }) {
  const began = Date.now() - 30 * HOUR;
  const types = Array.from({ length: count }, (_, index) => (index % 10 === 0 ? 'gateway' : index % 20 === 5 ? 'lobby' : 'game'));
  const names = { gateway: 0, lobby: 0, game: 0 };
  const servers = types.map((type, index) =>
    serverOf(/** @type {keyof typeof names} */ (type), ++names[/** @type {keyof typeof names} */ (type)], index, began),
  );
  const games = servers.filter(({ type }) => type === 'game');
  const gateways = servers.filter(({ type }) => type === 'gateway');
  const rooms = Array.from({ length: roomCount }, (_, index) => roomOf(index, games[index % games.length], random));
  const players = Array.from({ length: roomCount }, (_, index) => playerOf(index, gateways[index % gateways.length], rooms));
  for (const { owner } of rooms) {
    const server = owner && servers.find(({ id }) => id === owner.server);
    if (server) server.rooms++;
  }
  for (const server of games) server.players = server.rooms * 2;
  return {
    servers,
    rooms,
    players,
    incidents: incidentsOf(games),
    /** Changes the numbers of all servers, and a hundredth of the rooms. */
    tick() {
      for (const server of servers) {
        server.cpuPercent = Math.max(1, Math.min(99, server.cpuPercent + Math.round(random() * 6 - 3)));
        server.lagMs = Math.max(0.4, Math.round((server.lagMs + random() * 2 - 1) * 10) / 10);
        if (server.commandsPerSecond !== null)
          server.commandsPerSecond = Math.max(0, server.commandsPerSecond + Math.round(random() * 40 - 20));
      }
      for (let changed = 0; changed < roomCount / 100; changed++) {
        const room = rooms[Math.floor(random() * roomCount)];
        if (room?.status !== 'playing') continue;
        room.version++;
        room.since = Date.now();
      }
    },
  };
}

/** @param {'gateway' | 'lobby' | 'game'} type @param {number} name @param {number} index @param {number} began */
function serverOf(type, name, index, began) {
  const isGame = type === 'game';
  const isSuspect = isGame && name === 7;
  const isDead = isGame && name === 3;
  return {
    id: `hf:${type}:${name}`,
    type,
    name: String(name),
    incarnation: 40 + index,
    state: isDead ? 'dead' : isGame && name === 12 ? 'draining' : 'ready',
    cordoned: isGame && (name === 12 || name === 20),
    suspect: isSuspect ? 2 : 0,
    unheard: false,
    rooms: 0,
    players: isGame ? 0 : 400 + index,
    capacity: isGame ? 150 : 0,
    reserved: 0,
    willing: isGame && !isDead,
    withheld: isGame && name === 20 ? ['cordoned'] : [],
    lagMs: 1.2 + (index % 7),
    cpuPercent: 10 + (index % 60),
    memoryBytes: (90 + index) * 1024 * 1024,
    commandsPerSecond: isGame ? 300 + index : null,
    ackP99Ms: isGame ? 3.4 + (index % 5) : null,
    clockOffsetMs: index === 13 ? 1_400 : (index % 5) - 2,
    build: index % 9 === 0 ? '2026.11.2' : '2026.11.1',
    region: REGIONS[index % 3],
    canary: false,
    games: isGame ? Object.fromEntries(GAMES.map((game) => [game, { version: 2, seats: { min: 2, max: 4 } }])) : {},
    link: `10.0.${index}.4:7100`,
    ops: `10.0.${index}.4:7010`,
    startedAt: began + index * SECOND,
    registeredAt: began + index * SECOND,
    deadReason: isDead ? 'silent' : null,
    deadAt: isDead ? Date.now() - 90 * SECOND : null,
    settledAt: isDead ? Date.now() - 88 * SECOND : null,
  };
}

/** @param {number} index @param {any} server @param {() => number} random */
function roomOf(index, server, random) {
  const status = index % 11 === 0 ? 'waiting' : 'playing';
  const isPlaying = status === 'playing';
  const id = `room-${(index * 7919).toString(36).padStart(6, '0')}`;
  const members = [0, 1].map((seat) => ({
    user: `u${index}-${seat}`,
    name: `${NAMES[(index + seat * 5) % NAMES.length]} ${index}`,
    ready: true,
    here: seat === 0 || index % 13 > 0,
  }));
  const createdAt = Date.now() - index * 1_300;
  return {
    id,
    game: GAMES[index % GAMES.length],
    name: index % 3 === 0 ? `${NAMES[index % NAMES.length]}'s table ${index}` : '',
    status,
    private: index % 5 === 0,
    region: REGIONS[index % 3],
    build: null,
    owner: isPlaying && index % 997 !== 0 ? { server: server.id, incarnation: server.incarnation } : null,
    ownerless: isPlaying && index % 997 === 0,
    epoch: 1 + (index % 4),
    version: isPlaying ? Math.floor(random() * 400) : 0,
    round: index % 6,
    durability: 'acknowledged',
    seats: 2,
    members,
    players: members.map(({ user }) => user),
    createdAt,
    since: createdAt + 1_000,
    result: index % 6 > 0 ? { reason: 'finished', result: { winner: 0 } } : null,
  };
}

/** @param {number} index @param {any} gateway @param {any[]} rooms */
function playerOf(index, gateway, rooms) {
  const connected = index % 13 > 0;
  return {
    user: `u${index}-0`,
    name: `${NAMES[index % NAMES.length]} ${index}`,
    gateway: gateway.id,
    connected,
    transport: connected ? 'websocket' : null,
    address: connected ? `198.51.100.${index % 250}` : null,
    since: Date.now() - index * 2_000,
    room: rooms[index]?.id ?? null,
    watching: false,
    searching: index % 50 === 0,
    backlogBytes: 0,
  };
}

/** @param {any[]} games */
function incidentsOf(games) {
  const now = Date.now();
  const incident = { severity: 'critical', outcome: 'evicted', reasons: ['silent'], returnedAt: null };
  return [
    {
      ...incident,
      server: games[6]?.id,
      incarnation: 61,
      outcome: 'suspected',
      severity: 'warning',
      reasons: ['silent'],
      beganAt: now - 1_200,
      evictedAt: null,
      endedAt: null,
      rooms: 0,
      pauseMs: null,
    },
    {
      ...incident,
      server: games[2]?.id,
      incarnation: 44,
      beganAt: now - 92 * SECOND,
      evictedAt: now - 90 * SECOND,
      endedAt: now - 89 * SECOND,
      rooms: 118,
      pauseMs: 2_640,
    },
    ...Array.from({ length: 12 }, (_, index) => ({
      ...incident,
      server: games[(index * 5) % games.length]?.id,
      incarnation: 20 + index,
      beganAt: now - (index + 1) * HOUR,
      evictedAt: index % 3 === 0 ? null : now - (index + 1) * HOUR + 900,
      endedAt: now - (index + 1) * HOUR + 1_700,
      outcome: index % 3 === 0 ? 'healed' : 'evicted',
      severity: index % 3 === 0 ? 'warning' : 'critical',
      rooms: index % 3 === 0 ? 0 : 90 + index,
      pauseMs: index % 3 === 0 ? null : 1_200 + index * 140,
      returnedAt: now - (index + 1) * HOUR + 30 * SECOND,
    })),
  ];
}

const NAMES = ['Ada', 'Bob', 'Cy', 'Dee', 'Eve', 'Finn', 'Gus', 'Hal', 'Ida', 'Jo', 'Kim', 'Lou'];

/** Returns a repeatable generator of random numbers, so that two runs measure the same fleet. @param {number} seed */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
