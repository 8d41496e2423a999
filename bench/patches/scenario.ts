import { Decoder, Encoder, type Schema } from '@colyseus/schema';

export const STEPS = 200;

/** A sequence of changes of a state, written once for plain objects and once for each schema. */
export interface Scenario {
  readonly name: string;
  readonly first: object;
  /** Changes a draft or a copy of the state, as a handler of a game does. */
  mutate(state: object, step: number): void;
  readonly schemas: readonly Declared[];
}

/** The same state with declared types. */
export interface Declared {
  /** The types of the numbers. */
  readonly types: string;
  /** A new server-side state whose first version is encoded. */
  begin(): SchemaServer;
  /** A new client that has the first version. */
  client(): Decoder;
}

export interface SchemaServer {
  /** Calls the setters of one step. */
  change(step: number): void;
  /** Encodes what changed. The bytes are valid until the next call. */
  encode(): Uint8Array;
}

/**
 * @param init makes the first state
 * @param empty makes the state of a client that has received nothing
 */
export function declared<State extends Schema>(
  types: string,
  empty: () => State,
  init: (state: State) => void,
  change: (state: State, step: number) => void,
): Declared {
  const begin = () => {
    const state = empty();
    init(state);
    const encoder = new Encoder(state);
    const first = Uint8Array.from(encoder.encodeAll());
    encoder.discardChanges();
    return { state, encoder, first };
  };
  return {
    types,
    begin() {
      const { state, encoder } = begin();
      return {
        change: (step) => change(state, step),
        encode() {
          const bytes = encoder.encode();
          encoder.discardChanges();
          return bytes;
        },
      };
    },
    client() {
      const decoder = new Decoder(empty());
      decoder.decode(begin().first);
      return decoder;
    },
  };
}

export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}
