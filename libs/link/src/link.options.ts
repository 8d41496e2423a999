import type { ServerId } from '#libs/protocol';
import type { Certificate } from '#libs/tls';

export interface LinkOptions {
  /** Where this server listens; port 0 takes any free one. */
  readonly host: string;
  readonly port: number;
  /** Shared by all servers of a fleet; a peer that cannot prove it is refused. */
  readonly secret: string;
  /** Links are TLS, on both sides. One with a CA makes both sides prove by their certificates, too, who they are. */
  readonly certificate?: Certificate | null;
  /** The longest frame a peer may send, in bytes: a room's state and some more. */
  readonly frameBytesMax?: number;
  /** A peer must have proved itself by then, in ms. */
  readonly handshakeTimeoutMs?: number;
  /** Sockets at the port that have not proved who they are; with one more, the eldest is cut. */
  readonly handshakesMax?: number;
}

/** Where a server's link is reached. */
export interface LinkAddress {
  readonly id: ServerId;
  readonly host: string;
  readonly port: number;
}

/** Who this process is, as it introduces itself on links. A port: the fleet knows. */
export abstract class LinkIdentity {
  abstract readonly id: ServerId;
  /** 0 before the server is registered. */
  abstract readonly incarnation: number;
}

export const FRAME_BYTES_MAX_DEFAULT = 4 * 1024 * 1024;
/** A dialled peer must have proved itself by then; loopback and data-centre round trips are far below. */
export const HANDSHAKE_TIMEOUT_MS = 2_000;
export const HANDSHAKES_MAX_DEFAULT = 128;
/** An introduction is some hundred bytes; a stranger may promise, and make us set aside, no more than this. */
export const INTRODUCTION_BYTES_MAX = 1_024;
/** A link that is closed may take this long to read what was written before, in ms; a stopped peer would for ever. */
export const CLOSE_MS = 1_000;
/** Silence after which a ping is sent: what an idle link costs a second is two small frames. */
export const PING_MS = 500;
/** Unanswered pings after which those who wait for the peer are told, 1 to 1.5 s after its last word: no healthy pause is as long. */
export const SILENT_PINGS_TOLD = 1;
/** And after which the link is dead: it is half open, or the peer hangs. */
export const SILENT_PINGS_MAX = 10;
export const REQUEST_TIMEOUT_MS_DEFAULT = 5_000;
export const REQUESTS_PENDING_MAX = 50_000;
/** Above this backlog senders hold back (`busy`); above the second the link is cut, since the peer reads nothing. */
export const CONGESTED_BYTES = 4 * 1024 * 1024;
export const BACKLOG_BYTES_MAX = 64 * 1024 * 1024;
