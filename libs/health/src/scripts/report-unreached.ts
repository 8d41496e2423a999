import type { ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { REPORT_LIFETIME_MS } from '../health.options.js';

const REPORT = new LuaScript('health_report_unreached', new URL('./report-unreached.lua', import.meta.url), 1);

export type ReportAnswer =
  /**
   * `reports`: the number of gateways with a report, including the caller. `rooms`: the number of rooms in the server's last answer to a
   * check.
   */
  | { readonly kind: 'reported'; readonly reports: number; readonly rooms: number }
  /** The server has not answered its last check yet. If the server is suspect, its checker judges it. */
  | { readonly kind: 'unheard' }
  /** This incarnation is dead, the server has a newer incarnation, or its record is lost. */
  | { readonly kind: 'over' };

/**
 * Stores the caller's report about the server, for `REPORT_LIFETIME_MS`, and counts the reports.
 *
 * @param gateways the gateways whose reports are counted, including the caller.
 */
export async function reportUnreached(
  client: RedisClient,
  { id, incarnation }: ServerRecord,
  gateway: ServerId,
  gateways: readonly ServerId[],
): Promise<ReportAnswer> {
  const [kind, reports, rooms] = (await REPORT.run(client, [id], [incarnation, gateway, REPORT_LIFETIME_MS, ...gateways])) as [
    ReportAnswer['kind'],
    number,
    number,
  ];
  return { kind, reports, rooms } as ReportAnswer;
}
