import type { ServerMessage } from '#libs/protocol';
import type { CompactSyncs } from './compact-syncs.fixture.js';

export interface FakeSession {
  readonly id: string;
  readonly user: string;
  readonly name: string;
  secret: string;
  line: Line | null;
  searching: string | null;
  /** Encodes the compact syncs for all connections of this session. */
  readonly syncs: CompactSyncs;
}

/** One connection of a player, as the fake fleet sees it. */
export interface Line {
  readonly transport: 'binary' | 'json' | 'tcp';
  /** Whether the client reads compact syncs. */
  isCompact: boolean;
  session: FakeSession | null;
  send(message: ServerMessage): void;
  /** Sends a frame that is already encoded. */
  sendBytes(frame: Uint8Array): void;
  garble(): void;
  /** Cuts the connection without a goodbye, as a dying gateway does. */
  cut(): void;
}
