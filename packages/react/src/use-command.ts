import { useCallback, useRef, useState } from 'react';
import type { CommandData, CommandName, HoldfastError, Room } from '#libs/client';

export interface CommandState<Data extends unknown[]> {
  /** Sends the command. Resolves with true when it is applied and durable, with false when it was refused. It never rejects. */
  readonly send: (...data: Data) => Promise<boolean>;
  /** True: at least one command has no answer yet. */
  readonly isPending: boolean;
  /** The refusal of the last command. Null: the last command was not refused. */
  readonly error: HoldfastError | null;
}

/**
 * Returns a function that sends a command to the room, and the status of its commands.
 *
 * @example
 * const { send, isPending, error } = useCommand(room, 'place');
 * return <button disabled={isPending} onClick={() => send({ cell: 4 })}>{error?.code}</button>;
 */
export function useCommand<Rules, Name extends CommandName<Rules>>(
  room: Room<Rules> | null,
  name: Name,
): CommandState<CommandData<Rules, Name>> {
  const [state, setState] = useState<{ pending: number; error: HoldfastError | null }>({ pending: 0, error: null });
  const latest = useRef(0);
  const send = useCallback(
    async (...data: CommandData<Rules, Name>): Promise<boolean> => {
      if (!room) return false;
      latest.current += 1;
      const number = latest.current;
      setState(({ pending, error }) => ({ pending: pending + 1, error }));
      const error = await room.send(name, ...data).then(
        () => null,
        (refusal: HoldfastError) => refusal,
      );
      setState((before) => ({ pending: before.pending - 1, error: number === latest.current ? error : before.error }));
      return error === null;
    },
    [room, name],
  );
  return { send, isPending: state.pending > 0, error: state.error };
}
