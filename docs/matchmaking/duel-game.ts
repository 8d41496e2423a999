import { Bot, type BotCommand, type BotRoom, Command, Game, type GameRoom, type GameRules, type SeatInfo } from '@holdfast/game-kit';

@Game({
  name: 'capture',
  version: 1,
  seats: { min: 2, max: 10 },
  match: {
    rating: true,
    modes: {
      duel: { players: 2, maxWaitMs: 30_000 },
      teams: { teams: { count: 2, size: { min: 3, max: 5 } }, fillMs: 10_000, acceptMs: 15_000 },
      practice: { players: 4, botsAfterMs: 8_000 },
    },
  },
})
export class CaptureGame implements GameRules<{ flags: number[] }> {
  setup(): { flags: number[] } {
    return { flags: [0, 0] };
  }

  @Command()
  capture(room: GameRoom<{ flags: number[] }>): void {
    const { seats, seat: own } = room;
    const isWinner = ({ seat, team }: SeatInfo): boolean => seat === own || (team !== undefined && team === seats[own].team);
    const [winners, losers] = [seats.filter(isWinner), seats.filter((seat) => !isWinner(seat))];
    room.end({ ranking: [winners.map(({ seat }) => seat), losers.map(({ seat }) => seat)] });
  }

  /** Plays the bots of a practice match: each captures the flag after a while. */
  @Bot({ everyMs: 1_000 })
  protected play(_state: { flags: number[] }, room: BotRoom): BotCommand | undefined {
    return room.random() < 0.01 ? { command: 'capture' } : undefined;
  }
}
