import type { GameRoom, Setup } from '#libs/room';
import type { Room } from './room.js';
import type { CommandName, StateOf } from './rules.js';

interface Board {
  cells: (number | null)[];
  turn: number;
}

class Rules {
  setup(_room: Setup): Board {
    return { cells: [], turn: 0 };
  }
  place(_room: GameRoom<Board>, _data: { cell: number }): void {}
  resign(_room: GameRoom<Board>): void {}
  decorate(_room: GameRoom<Board>, _data: { colour?: string }): void {}
  step(_room: GameRoom<Board>, _stepMs: number): void {}
  migrateState(_state: unknown, _from: number): Board {
    return { cells: [], turn: 0 };
  }
  protected hidden(_room: GameRoom<Board>, _data: { cell: number }): void {}
}

class HiddenHands {
  setup(_room: Setup): { hands: string[] } {
    return { hands: [] };
  }
  view(state: { hands: string[] }, seat: number | null): { mine: string } {
    return { mine: state.hands[seat ?? 0] };
  }
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const holds = <_Claim extends true>(): void => {};

/** `tsc` checks these tests. At run time they do nothing. */
describe('Room<Rules>', () => {
  it('accepts only the commands of the game, with the right data', () => {
    holds<Same<CommandName<Rules>, 'place' | 'resign' | 'decorate'>>();
    const play = async (room: Room<Rules>): Promise<void> => {
      await room.send('place', { cell: 4 });
      await room.send('resign');
      await room.send('decorate');
      await room.send('decorate', { colour: 'red' });
      // @ts-expect-error the cell is missing
      await room.send('place', {});
      // @ts-expect-error the data is missing
      await room.send('place');
      // @ts-expect-error not a command
      await room.send('setup');
    };
    expect(play).toBeDefined();
  });

  it('has the state type of the game, or the view type if the game has views', () => {
    holds<Same<StateOf<Rules>, Board>>();
    holds<Same<StateOf<HiddenHands>, { mine: string }>>();
  });

  it('accepts any command when no game class is given', () => {
    const play = (room: Room): Promise<void> => room.send('anything', { at: 'all' });
    expect(play).toBeDefined();
    holds<Same<StateOf<unknown>, unknown>>();
  });
});
