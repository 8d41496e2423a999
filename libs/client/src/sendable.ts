import { encodePlayerMessage, HoldfastError, NotPlainError, type PlayerMessage } from '#libs/protocol';

/**
 * Checks that a message can be encoded. Call this function before the message is numbered and stored, because a timer may send the message
 * later, and no caller would then receive the error.
 *
 * @throws `bad-data` when the message cannot be encoded
 */
export function assertSendable(message: PlayerMessage & { readonly kind: 'command' | 'request' | 'input' }): void {
  try {
    encodePlayerMessage(message);
  } catch (cause) {
    const { message: problem } = cause as Error;
    const name = message.kind === 'input' ? 'an input' : message.kind === 'command' ? message.name : message.operation;
    if (!(cause instanceof NotPlainError)) throw new HoldfastError('bad-data', `${name} cannot be sent: ${problem}`, { cause });
    throw new HoldfastError(
      'bad-data',
      `The data of ${name} cannot be sent: ${problem}. Allowed are maps, arrays, strings, numbers, booleans, null and byte strings.`,
      { cause },
    );
  }
}
