import { placementBench } from '../placement.js';
import type { Section } from '../section.js';

export const placement: Section = {
  name: 'placement',
  about: 'choosing a server as a lobby does it, and the balance of the fleet',
  run: (report) => placementBench(report),
};
