import type { Durability } from '#libs/game-kit';
import { type BankResult, bankName, type Payment, PURSE } from './bank.js';

/** The transfers of one bank game and its result, as its players received them. */
export interface BankGameHistory {
  readonly game: string;
  readonly durability: Durability;
  /** The ids of acknowledged transfers, without the transfers that a rewind has undone. */
  readonly acknowledged: Pick<ReadonlyMap<string, unknown>, 'keys'>;
  readonly asked: ReadonlySet<string>;
  /** The result of the game. Null: no player received a result, for example because the game was lost. */
  readonly result: BankResult | null;
}

export interface BankAudit {
  readonly violations: readonly string[];
  /** Number of paid transfers. Repeated payments of one transfer count once. */
  readonly paid: number;
  /** Number of transfers that were not paid, in games that ended by their rules. */
  readonly missing: number;
}

/** Compares the transfers that the games have applied with the payments in the ledger. */
export function auditBank(games: readonly BankGameHistory[], payments: readonly Payment[]): BankAudit {
  const violations: string[] = [];
  const durabilities = new Map(games.map(({ game, durability }) => [game, durability]));
  const nameOf = (game: string): string => `${bankName(durabilities.get(game) ?? 'every-change')} game ${game}`;

  // A recipient of payments ignores a repeated key, so two transfers must never have the same key.
  const byKey = new Map<string, Payment>();
  for (const payment of payments) {
    const before = byKey.get(payment.key);
    if (!before) byKey.set(payment.key, payment);
    else if (before.id !== payment.id)
      violations.push(`${nameOf(payment.game)}: key ${payment.key} was given to transfer ${before.id} and to ${payment.id}`);
  }
  const paid = new Map<string, Map<string, string[]>>();
  for (const { key, game, id } of byKey.values()) {
    const ids = paid.get(game) ?? new Map<string, string[]>();
    ids.set(id, [...(ids.get(id) ?? []), key]);
    paid.set(game, ids);
  }

  let missing = 0;
  for (const history of games) {
    const name = nameOf(history.game);
    const ids = paid.get(history.game) ?? new Map<string, string[]>();
    for (const [id, keys] of ids) {
      if (keys.length > 1) violations.push(`${name}: transfer ${id} was paid ${keys.length} times, under the keys ${keys.join(', ')}`);
      if (!history.asked.has(id)) violations.push(`${name}: transfer ${id} was paid, and no player requested it`);
    }
    if (!history.result) continue;
    const { sent, purse } = history.result;
    const account = new Set(sent);
    if (account.size !== sent.length) violations.push(`${name}: ${sent.length - account.size} transfers were applied twice`);
    if (purse + sent.length !== PURSE) violations.push(`${name}: ${purse} are left of ${PURSE} after ${sent.length} transfers`);
    for (const id of ids.keys()) if (!account.has(id)) violations.push(`${name}: transfer ${id} was paid, and the game does not have it`);
    const unpaid = sent.filter((id) => !ids.has(id));
    missing += unpaid.length;
    for (const id of unpaid) violations.push(`${name}: transfer ${id} was dropped: the game has it, and it was not paid`);
    for (const id of history.acknowledged.keys())
      if (!account.has(id))
        violations.push(`${name}: transfer ${id} was acknowledged and is not in the game, and its player was notified of no rewind`);
  }
  return { violations, paid: byKey.size, missing };
}
