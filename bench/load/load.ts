import { Crowd } from './crowd.js';
import { FleetMembers } from './fleet-members.js';
import { Games } from './games.js';
import { LobbyLoad } from './lobby.js';
import { PeerLoad } from './peer-load.js';
import { Steering } from './real-time/steering.js';
import { SlowReaders } from './slow-readers.js';

const crowd = new Crowd();
const games = new Games(crowd);

/** All acts of a load process, by name. */
export const parts = [
  crowd,
  games,
  new LobbyLoad(games),
  new PeerLoad(crowd),
  new FleetMembers(),
  new SlowReaders(games),
  new Steering(),
] as const;

type ActsOf<Part> = {
  [Name in keyof Part]: Part[Name] extends (...all: infer All) => infer Answer ? (...all: All) => Promise<Awaited<Answer>> : never;
};
export type Acts = ActsOf<Crowd> &
  ActsOf<Games> &
  ActsOf<LobbyLoad> &
  ActsOf<PeerLoad> &
  ActsOf<FleetMembers> &
  ActsOf<SlowReaders> &
  ActsOf<Steering>;
