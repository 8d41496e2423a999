/**
 * @typedef {object} Demand
 * @property {number} players connected players
 * @property {number} perRoom players in one room
 * @property {'turn-based' | 'real-time'} game
 * @property {number} commandsPerSecond commands of one player in a turn-based game. A player of a real-time game sends 20 inputs a second
 * @property {number} minutes duration of a game
 * @property {number} loadPercent part of a core that one process may use on average; the rest is for peaks and for the loss of a server
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
 * @property {{ toPlayers: number, fromPlayers: number } | null} bitsPerSecond traffic with players, without headers of TCP and IP. Null: not
 *   measured for this kind of game
 * @property {readonly Source[]} sources
 *
 * @typedef {{ section: string, what: string, value: number, unit: string }} Source a figure of bench/results
 * @typedef {Readonly<Record<string, { figures: readonly { what: string, unit: string, values: readonly number[] }[] }>>} Measured
 */

/** The highest number of rooms that start in a second, as a multiple of the average number. */
const START_PEAK = 2;
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
    sources.push({ section, what, value, unit: found.unit });
    return value;
  };
  const { players, perRoom, game, commandsPerSecond, minutes, loadPercent } = demand;
  const rooms = Math.ceil(players / perRoom);
  const startsPerSecond = (START_PEAK * rooms) / (minutes * 60);

  /** @param {'gateway' | 'lobby' | 'game' | 'redis'} type */
  const cpuOfPlay = (type) =>
    game === 'real-time'
      ? (players * figure('realtime', `50 × 16: checkpoint, CPU of ${type} for a player`)) / MILLION
      : (players * commandsPerSecond * figure('growth', `10000 rooms: CPU of ${type}`)) / MILLION;
  /** @param {'gateway' | 'lobby' | 'game 1' | 'redis'} type */
  const cpuOfStarts = (type) => {
    // The measured fleet has two game servers with half of the starts each. So the figure of one game server counts twice.
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
    bitsPerSecond:
      game === 'real-time'
        ? {
            toPlayers: 8 * players * figure('realtime', '50 × 16: checkpoint, bytes to a player'),
            fromPlayers: 8 * players * figure('realtime', '50 × 16: checkpoint, bytes from a player'),
          }
        : null,
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
