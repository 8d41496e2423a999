/**
 * @typedef {object} Demand
 * @property {number} players connected players
 * @property {number} perRoom players in one room
 * @property {'turn-based' | 'real-time'} game
 * @property {Durability} durability the changes that the store keeps. `DURABILITIES` has those that were measured
 * @property {number} commandsPerSecond commands of one player in a turn-based game. A player of a real-time game sends one input a step
 * @property {number} stepsPerSecond steps of a real-time game
 * @property {number} bytesPerSync bytes that a player gets for a step, or for a command in the room
 * @property {number} minutes duration of a game
 * @property {number} loadPercent part of a core that one process may use on average; the rest is for peaks and for the loss of a server
 *
 * @typedef {'none' | 'checkpoint' | 'every-change'} Durability
 *
 * @typedef {object} Need the needs of all processes of one type together
 * @property {number} processes
 * @property {number} cores CPU that is used on average
 * @property {number} megabytes memory for players, without the memory of a process without players
 *
 * @typedef {object} Capacity
 * @property {number} rooms
 * @property {Need} gateways
 * @property {Need} lobbies
 * @property {Need} games
 * @property {Need} redis
 * @property {{ toPlayers: number, fromPlayers: number | null }} bitsPerSecond traffic with players, without headers of TCP and IP. Null: not
 *   measured for this kind of game
 * @property {readonly Source[]} sources
 *
 * @typedef {{ section: string, what: string, value: number, unit: string }} Source a figure of bench/results
 * @typedef {Readonly<Record<string, { figures: readonly { what: string, unit: string, values: readonly number[] }[] }>>} Measured
 */

/** The highest number of rooms that start in one second, as a multiple of the average number per second. */
const START_PEAK = 2;
/** Number of steps per second in the benchmark `realtime`, in which each player sends one player input per step. */
const MEASURED_STEPS = 20;
/** The figures of the benchmark `growth` are per million messages. One command of a player is one message. */
const MILLION = 1_000_000;

/**
 * Computes the servers that a fleet needs from measured figures. Pure.
 *
 * @param {Demand} demand @param {Measured} measured the sections of bench/baseline.json
 * @returns {Capacity}
 */
export function capacityFor(demand, measured) {
  /** @type {Source[]} */
  const sources = [];
  /** @param {string} section @param {string} what */
  const figure = (section, what) => {
    const found = measured[section]?.figures.find((one) => one.what === what);
    if (!found) throw new Error(`bench/baseline.json has no figure "${what}" in ${section}: run npm run bench -- --record ${section}`);
    const value = median(found.values);
    if (!sources.some((source) => source.section === section && source.what === what))
      sources.push({ section, what, value, unit: found.unit });
    return value;
  };
  const { players, perRoom, game, durability, commandsPerSecond, stepsPerSecond, bytesPerSync, minutes, loadPercent } = demand;
  const rooms = Math.ceil(players / perRoom);
  const startsPerSecond = (START_PEAK * rooms) / (minutes * 60);
  const pace = stepsPerSecond / MEASURED_STEPS;

  /**
   * The CPU time for one player of a real-time game at the measured step rate, in µs per second. It grows linearly with the bytes per sync,
   * along the line through the two figures that were measured in rooms of 16 and of 200 players.
   *
   * @param {'gateway' | 'lobby' | 'game' | 'redis'} type
   */
  const cpuOfPlayer = (type) => {
    const small = figure('realtime', `50 × 16: ${durability}, CPU of ${type} for a player`);
    if (type !== 'gateway' && type !== 'game') return small;
    const large = figure('realtime', `1 × 200: ${durability}, CPU of ${type} for a player`);
    const smallBytes = figure('realtime', `50 × 16: ${durability}, bytes to a player`);
    const largeBytes = figure('realtime', `1 × 200: ${durability}, bytes to a player`);
    const perByte = Math.max(0, (large - small) / (largeBytes - smallBytes));
    return small + perByte * Math.max(0, bytesPerSync * MEASURED_STEPS - smallBytes);
  };

  /** The CPU time for a million commands of a turn-based game, in seconds. @param {'gateway' | 'lobby' | 'game' | 'redis'} type */
  const cpuOfCommands = (type) => {
    const stored = figure('growth', `10000 rooms: CPU of ${type}`);
    if (durability !== 'none') return stored;
    const [fleeting, durable] = [
      figure('latency', `1000/s, fleeting: CPU of ${type}`),
      figure('latency', `1000/s, durable: CPU of ${type}`),
    ];
    return (stored * fleeting) / durable;
  };

  /** @param {'gateway' | 'lobby' | 'game' | 'redis'} type */
  const cpuOfPlay = (type) =>
    game === 'real-time' ? (players * pace * cpuOfPlayer(type)) / MILLION : (players * commandsPerSecond * cpuOfCommands(type)) / MILLION;
  /** @param {'gateway' | 'lobby' | 'game 1' | 'redis'} type */
  const cpuOfStarts = (type) => {
    // In the measured fleet, each of the two game servers starts half of the games. So the figure of one game server counts twice.
    const servers = type === 'game 1' ? 2 : 1;
    return (servers * startsPerSecond * figure('starts', `durable rooms made, joined and begun: Holdfast, CPU of ${type}`)) / 1_000;
  };
  /** @param {string} type */
  const megabytes = (type) => (players * figure('memory', `memory of an idle player in a room: Holdfast, ${type}`)) / 1_000;

  const share = loadPercent / 100;
  /** @param {number} cores @param {number} memory @param {number} least @returns {Need} */
  const need = (cores, memory, least) => ({
    processes: Math.max(least, Math.ceil(cores / share) + (least > 1 ? 1 : 0)),
    cores,
    megabytes: memory,
  });
  return {
    rooms,
    gateways: need(cpuOfPlay('gateway') + cpuOfStarts('gateway'), megabytes('gateway'), 2),
    lobbies: need(cpuOfPlay('lobby') + cpuOfStarts('lobby'), megabytes('lobby'), 2),
    games: need(cpuOfPlay('game') + cpuOfStarts('game 1'), megabytes('game'), 2),
    redis: need(cpuOfPlay('redis') + cpuOfStarts('redis'), megabytes('redis'), 1),
    bitsPerSecond: {
      toPlayers: 8 * players * bytesPerSync * (game === 'real-time' ? stepsPerSecond : commandsPerSecond * Math.min(perRoom, players)),
      fromPlayers: game === 'real-time' ? 8 * players * pace * figure('realtime', `50 × 16: ${durability}, bytes from a player`) : null,
    },
    sources,
  };
}

/** @param {readonly number[]} values @returns {number} */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]];
  return (low + high) / 2;
}
