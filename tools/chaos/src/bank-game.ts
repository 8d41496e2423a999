import { appendFileSync } from 'node:fs';
import { Injectable, Module, type Type } from '@nestjs/common';
import { z } from 'zod';
import { Command, type Durability, type Effect, EffectHandler, Game, type GameRoom, type GameRules, type Setup } from '#libs/game-kit';
import { type BankResult, bankName, DURABILITIES, LEDGER_VARIABLE, type Payment, PURSE } from './bank.js';

export interface Bank {
  /** The name of the game, which is unique within a run. */
  game: string;
  /** The number of transfers after which the game ends. */
  target: number;
  purse: number;
  sent: string[];
  touched: number;
}

const Transfer = z.object({ id: z.string().max(64) });
const TARGET_MIN = 10;
const TARGET_MAX = 25;
/** The time between checkpoints, in ms. It is long, so that a killed server loses changes. */
const CHECKPOINT_MS = 3_000;
/** The duration of a payment, in ms. It is so long that a server is usually making a payment when it is killed. */
const PAYING_MS = 20;

/**
 * A game whose commands take money from a purse. An effect pays each transfer into a ledger outside of the fleet. The command `touch`
 * changes the state without an effect.
 */
export abstract class BankRules implements GameRules<Bank> {
  setup(room: Setup): Bank {
    return {
      game: `${room.id}-${Math.floor(room.random() * 2 ** 48).toString(36)}`,
      target: TARGET_MIN + Math.floor(room.random() * (TARGET_MAX - TARGET_MIN)),
      purse: PURSE,
      sent: [],
      touched: 0,
    };
  }

  @Command(Transfer)
  transfer(room: GameRoom<Bank>, { id }: z.infer<typeof Transfer>): void {
    const { state } = room;
    state.purse -= 1;
    state.sent.push(id);
    room.effect('bank-transfer', { game: state.game, id });
    if (state.sent.length < state.target) return;
    room.end({ game: state.game, purse: state.purse, sent: [...state.sent] } satisfies BankResult);
  }

  @Command()
  touch(room: GameRoom<Bank>): void {
    room.state.touched += 1;
  }
}

/** Writes each payment into a file. An effect can run twice, so `auditBank` counts payments with the same key once. */
@Injectable()
class Ledger {
  @EffectHandler('bank-transfer')
  async pay({ key, data: { game, id } }: Effect<{ game: string; id: string }>): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, PAYING_MS));
    // Writes the line synchronously, so that a killed server leaves no incomplete line.
    appendFileSync(process.env[LEDGER_VARIABLE] as string, `${JSON.stringify({ key, game, id } satisfies Payment)}\n`);
  }
}

function bankOf(durability: Durability): Type<BankRules> {
  class DurableBank extends BankRules {}
  Game({ name: bankName(durability), version: 1, seats: 2, durability, checkpointMs: CHECKPOINT_MS })(DurableBank);
  return DurableBank;
}

@Module({ providers: [...DURABILITIES.map(bankOf), Ledger] })
export class BankGameModule {}
