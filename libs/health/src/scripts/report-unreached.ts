import type { ServerRecord } from '#libs/fleet';
import type { ServerId } from '#libs/protocol';
import { LuaScript, type RedisClient } from '#libs/redis';
import { REPORT_KEPT_MS } from '../health.options.js';

const REPORT = new LuaScript('health_report_unreached', new URL('./report-unreached.lua', import.meta.url), 1);

export type ReportAnswer =
  /** `reports`: how many gateways say so, the caller among them. `rooms`: what the server had at its last health answer. */
  | { readonly kind: 'reported'; readonly reports: number; readonly rooms: number }
  /** The store does not hear it either: its health check judges it. */
  | { readonly kind: 'unheard' }
  /** This incarnation is dead, or replaced. */
  | { readonly kind: 'over' };

/** @param gateways whose reports count, the caller among them. */
export async function reportUnreached(
  client: RedisClient,
  { id, incarnation }: ServerRecord,
  gateway: ServerId,
  gateways: readonly ServerId[],
): Promise<ReportAnswer> {
  const [kind, reports, rooms] = (await REPORT.run(client, [id], [incarnation, gateway, REPORT_KEPT_MS, ...gateways])) as [
    ReportAnswer['kind'],
    number,
    number,
  ];
  return { kind, reports, rooms } as ReportAnswer;
}
