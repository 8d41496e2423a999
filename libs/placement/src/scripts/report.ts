import type { RoomId, ServerId } from '#libs/protocol';
import type { RedisClient } from '#libs/redis';
import { expiriesKey, orderKey, reservationsKey, serverKey, serversKey } from '../placement-keys.js';
import type { ServerFacts } from '../placement-strategy.js';
import { placementScript } from './script.js';

const script = placementScript('report', 4);

export type ReportOutcome = 'accepted' | 'older' | 'removed';

export interface PlacementReport extends ServerFacts {
  readonly server: ServerId;
  readonly incarnation: number;
  /** The score that the strategy has computed for the server. */
  readonly score: number;
  readonly offers: readonly string[];
  /** Duration of the ramp of a new server, in ms. 0: no ramp. */
  readonly rampMs: number;
  readonly owned: readonly RoomId[];
}

export async function writeReport(client: RedisClient, report: PlacementReport): Promise<ReportOutcome> {
  const { server, incarnation, rooms, players, capacity, score, offers, rampMs, owned } = report;
  const args = [incarnation, rooms, players, capacity, score, orderKey(offers), offers.join(' '), rampMs, ...owned];
  return (await script.run(client, [serverKey(server), serversKey(), reservationsKey(), expiriesKey()], args)) as ReportOutcome;
}
