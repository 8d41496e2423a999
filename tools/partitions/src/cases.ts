import type { ChaosServer } from '../../chaos/src/chaos-server.js';
import type { Partitions } from './partitions.js';

/** The servers of the fleet, by type. In each list, the server with the most players or rooms is first. */
export interface Parties {
  readonly gateways: readonly ChaosServer[];
  readonly lobbies: readonly ChaosServer[];
  readonly games: readonly ChaosServer[];
}

export interface PartitionCase {
  readonly name: string;
  /** A description of the cut, for the printed table. */
  readonly what: string;
  /** The duration of the cut, in ms. */
  readonly lastsMs: number;
  /** The limit for the 99th percentile of the waiting times for answers to commands, in ms. */
  readonly waitMsMax: number;
  /** The allowed reasons for the eviction of a server. An eviction for another reason is a violation. */
  readonly mayEvict: readonly string[];
  /** The operator events that gateways must publish, as kind and reason: `server.evicted unreachable`. */
  readonly mustTell: readonly string[];
  act(partitions: Partitions, parties: Parties): Promise<void>;
}

const PLAY_GOES_ON_MS = 5_000;
/**
 * Time after which a client notices a dead connection, in ms. The client sends at most two pings, each after a third of
 * `CONNECTION_TIMEOUT_MS` (6 s).
 */
const CLIENT_NOTICES_MS = 12_000;

/** The cuts that the tool makes. `docs/chaos.md` lists the outcome of each. */
export const CASES: readonly PartitionCase[] = [
  {
    name: 'game-gateways',
    what: 'a game server and all gateways, both ways',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: ['unreachable'],
    mustTell: ['server.evicted unreachable'],
    act: (net, { games: [game], gateways }) => net.cut(game, gateways),
  },
  {
    name: 'game-redis',
    what: 'a game server and Redis, both ways',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: ['store-lost'],
    mustTell: ['server.evicted store-lost'],
    act: (net, { games: [game] }) => net.cut(game, ['redis']),
  },
  {
    name: 'game-all',
    what: 'a game server and all others',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: ['silent', 'unreachable'],
    mustTell: ['server.evicted silent|unreachable'],
    act: (net, { games: [game, ...others], gateways, lobbies }) => net.cut(game, ['redis', ...gateways, ...lobbies, ...others]),
  },
  {
    name: 'to-game',
    what: 'one way: data from gateways to a game server is lost',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS + 1_000,
    mayEvict: ['unreachable'],
    mustTell: ['server.evicted unreachable'],
    act: (net, { games: [game], gateways }) => net.lose(game, gateways, 'to'),
  },
  {
    name: 'from-game',
    what: 'one way: data from a game server to gateways is lost',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: ['unreachable'],
    mustTell: ['server.evicted unreachable'],
    act: (net, { games: [game], gateways }) => net.lose(game, gateways, 'from'),
  },
  {
    name: 'silent-link',
    what: 'the link port of a game server accepts connections, and no data passes',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: ['unreachable'],
    mustTell: ['server.evicted unreachable'],
    act: (net, { games: [game], gateways }) => net.silence(game, gateways),
  },
  {
    name: 'one-gateway',
    what: 'one gateway and all game servers',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: [],
    mustTell: ['players.redirected owner-unreachable'],
    act: (net, { games, gateways: [gateway] }) => net.cut(gateway, games),
  },
  {
    name: 'refused',
    what: 'one gateway and all game servers, by a firewall that resets connections',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: [],
    mustTell: ['players.redirected owner-unreachable'],
    act: (net, { games, gateways: [gateway] }) => net.refuse(gateway, games),
  },
  {
    name: 'halves',
    what: 'each of two gateways and another game server: rooms are split',
    lastsMs: 10_000,
    waitMsMax: PLAY_GOES_ON_MS + 2_000,
    mayEvict: [],
    mustTell: ['players.redirected owner-unreachable'],
    act: async (net, { games: [one, other], gateways: [left, right] }) => {
      await Promise.all([net.cut(left, [one]), net.cut(right, [other])]);
    },
  },
  {
    name: 'gateway-redis',
    what: 'one gateway and Redis, for 15 s',
    lastsMs: 15_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: [],
    mustTell: ['server.unheard answers-its-link-only'],
    act: (net, { gateways: [gateway] }) => net.cut(gateway, ['redis']),
  },
  {
    name: 'gateway-lobby',
    what: 'one gateway and one lobby',
    lastsMs: 8_000,
    waitMsMax: 2_000,
    mayEvict: [],
    mustTell: [],
    act: (net, { gateways: [gateway], lobbies: [lobby] }) => net.cut(gateway, [lobby]),
  },
  {
    name: 'lobby-games',
    what: 'one lobby and all game servers',
    lastsMs: 8_000,
    waitMsMax: 2_000,
    mayEvict: [],
    mustTell: [],
    act: (net, { games, lobbies: [lobby] }) => net.cut(lobby, games),
  },
  {
    name: 'lobby-redis',
    what: 'one lobby and Redis',
    lastsMs: 8_000,
    waitMsMax: 2_000,
    mayEvict: [],
    mustTell: ['server.unheard answers-its-link-only'],
    act: (net, { lobbies: [lobby] }) => net.cut(lobby, ['redis']),
  },
  {
    name: 'players',
    what: 'one gateway and its players',
    lastsMs: 8_000,
    waitMsMax: CLIENT_NOTICES_MS,
    mayEvict: [],
    mustTell: [],
    act: (net, { gateways: [gateway] }) => net.cut(gateway, ['players']),
  },
  {
    name: 'loss',
    what: 'a tenth of all packets between a game server and all others is lost',
    lastsMs: 10_000,
    waitMsMax: PLAY_GOES_ON_MS,
    mayEvict: [],
    mustTell: [],
    act: (net, { games: [game] }) => net.loseSome(game, 10),
  },
  {
    name: 'latency',
    what: '50 ms more, each way, between a game server and gateways, lobbies and Redis',
    lastsMs: 10_000,
    waitMsMax: 2_000,
    mayEvict: [],
    mustTell: [],
    act: async (net, { games: [game], gateways, lobbies }) => net.slow(game, ['redis', ...gateways, ...lobbies], 50),
  },
  {
    name: 'cut-and-kill',
    what: 'a game server and all gateways, and another game server is killed',
    lastsMs: 8_000,
    waitMsMax: PLAY_GOES_ON_MS + 1_000,
    mayEvict: ['unreachable', 'refused'],
    mustTell: ['server.evicted unreachable', 'server.evicted refused'],
    act: async (net, { games: [game, other], gateways }) => {
      await net.cut(game, gateways);
      await other.kill();
    },
  },
];
