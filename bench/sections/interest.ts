import { holdfastArena } from '../carriers/real-time.js';
import { STEPS_PER_SECOND } from '../real-time/world.js';
import type { Section } from '../section.js';
import { fly } from './realtime.js';

const PLAYERS = 200;
const SEEN = 20;

/** One room in which each player gets the ships around the own one, compared with a room that sends all ships to everybody. */
export const interest: Section = {
  name: 'interest',
  about: `one room of ${PLAYERS} players, ${STEPS_PER_SECOND} steps a second, each player sees about ${SEEN} ships (\`InterestGrid\`): CPU and bytes beside sending all ships`,
  async run(report, { quick }) {
    const rooms = { rooms: 1, seats: PLAYERS };
    const all = await fly(report, 'everything', () => holdfastArena('Holdfast', 'arena-none', rooms), quick);
    const near = await fly(report, `${SEEN} nearest`, () => holdfastArena('Holdfast', 'arena-interest', rooms), quick);
    report('bytes, nearest ÷ everything', near.bytes / all.bytes, '×', { atMost: 1 });
    report('CPU of gateway + game, nearest ÷ everything', near.cpu / all.cpu, '×');
  },
};
