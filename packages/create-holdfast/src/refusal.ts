/** A request that cannot be done. Its message is for the person who gave the command, and needs no stack trace. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
