import {
  Command,
  type EffectResult,
  Game,
  type GameRoom,
  type GameRules,
  type GameTypes,
  OnResult,
  OnSeat,
  type Setup,
} from '@holdfast/game-kit';
import { z } from 'zod';

export interface Bet {
  /** Identifies the bet in the wallet. */
  readonly id: string;
  readonly user: string;
  readonly coins: number;
  status: 'charging' | 'refused' | 'void' | 'won' | 'lost';
}

export interface Table {
  bets: Bet[];
}

export interface Charge {
  readonly bet: string;
  readonly user: string;
  readonly coins: number;
}

export interface Charged {
  /** The coins that the player has left. */
  readonly left: number;
}

/** The names that the game uses, and their data. */
export interface CasinoTypes extends GameTypes {
  effects: {
    charge: { data: Charge; result: Charged };
    settle: { data: { bet: string; payout: number } };
    void: { data: Charge };
  };
}

type CasinoRoom = GameRoom<Table, never, CasinoTypes>;

const Stake = z.strictObject({ coins: z.int().min(1).max(1_000) });

@Game({ name: 'casino', version: 1, seats: { min: 1, max: 8 } })
export class Casino implements GameRules<Table> {
  setup(_room: Setup<undefined, CasinoTypes>): Table {
    return { bets: [] };
  }

  @Command(Stake)
  bet(room: CasinoRoom, { coins }: z.infer<typeof Stake>): void {
    const { user } = room.seats[room.seat];
    const id = `${room.id}-${Math.floor(room.random() * Number.MAX_SAFE_INTEGER).toString(36)}`;
    room.state.bets.push({ id, user, coins, status: 'charging' });
    room.effect('charge', { bet: id, user, coins });
  }

  @OnResult('charge', { timeoutMs: 10_000, attempts: 20 })
  protected charged(room: CasinoRoom, result: EffectResult<Charged, Charge>): void {
    const bet = room.state.bets.find(({ id }) => id === result.request.bet);
    if (bet?.status !== 'charging') return;
    if (result.ok) {
      bet.status = room.random() < 0.5 ? 'won' : 'lost';
      room.effect('settle', { bet: bet.id, payout: bet.status === 'won' ? 2 * bet.coins : 0 });
    } else if (result.code === 'no-money') {
      bet.status = 'refused';
    } else {
      // The wallet may have charged the player, or may still do so.
      this.cancel(room, bet);
    }
  }

  @OnSeat('left')
  protected left(room: CasinoRoom): void {
    const { user } = room.seats[room.seat];
    for (const bet of room.state.bets) if (bet.user === user && bet.status === 'charging') this.cancel(room, bet);
  }

  private cancel(room: CasinoRoom, bet: Bet): void {
    bet.status = 'void';
    room.effect('void', { bet: bet.id, user: bet.user, coins: bet.coins });
  }
}
