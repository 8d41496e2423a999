import type { Durability } from '#libs/game-kit';

/** There is one bank game for each durability: `bank-every-change`, `bank-checkpoint`, `bank-none`. */
export const DURABILITIES = ['every-change', 'checkpoint', 'none'] as const satisfies Durability[];
/** The money of each game at its start. A transfer takes 1. */
export const PURSE = 1_000;
/** The environment variable with the path of the ledger of payments: one JSON object per line. */
export const LEDGER_VARIABLE = 'CHAOS_BANK_LEDGER';

/** A payment: one run of the effect of a transfer, as the ledger records it. */
export interface Payment {
  readonly key: string;
  /** The name of the game, which is unique within a run. */
  readonly game: string;
  /** The id of the transfer, chosen by the player who requested it. */
  readonly id: string;
}

/** The result of a game that ends by its rules. */
export interface BankResult {
  readonly game: string;
  readonly purse: number;
  readonly sent: readonly string[];
}

export function bankName(durability: Durability): string {
  return `bank-${durability}`;
}
