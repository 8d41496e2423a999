import type { ServerMessage } from '#libs/protocol';

export interface FakeSession {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  secret: string;
  line: Line | null;
  searching: string | null;
}

/** One connection of a player, as the fake fleet sees it. */
export interface Line {
  readonly transport: 'binary' | 'json' | 'tcp';
  session: FakeSession | null;
  send(message: ServerMessage): void;
  garble(): void;
  /** Cuts the connection without a goodbye, as a dying gateway does. */
  cut(): void;
}
