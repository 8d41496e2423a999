import type { Durability } from '#libs/game-kit';

/** Each durability has a bank game of its own: `bank-every-change`, `bank-checkpoint`, `bank-none`. */
export const DURABILITIES = ['every-change', 'checkpoint', 'none'] as const satisfies Durability[];
/** What each game has to begin with. A transfer takes one away. */
export const PURSE = 1_000;
/** The file in which payments are written down, one JSON object a line. */
export const LEDGER_VARIABLE = 'CHAOS_BANK_LEDGER';

/** One run of an effect, as the ledger outside has it. */
export interface Payment {
  readonly key: string;
  /** Of the game, no two of which are called the same. */
  readonly game: string;
  /** Of the transfer, given by the player who asked for it. */
  readonly id: string;
}

/** How a game ends that ends by its rules. */
export interface BankResult {
  readonly game: string;
  readonly purse: number;
  /** All transfers, in their order. */
  readonly sent: readonly string[];
}

export function bankName(durability: Durability): string {
  return `bank-${durability}`;
}
