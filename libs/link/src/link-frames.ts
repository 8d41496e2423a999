/** Kinds of frames on a link. `ARCHITECTURE.md` describes their layout. */
export const LINK_KIND = {
  challenge: 1,
  proof: 2,
  ready: 3,
  request: 4,
  response: 5,
  event: 6,
  ping: 7,
  pong: 8,
  /** The listener's answer instead of `ready` when the proof was not made with the listener's secret. */
  refused: 9,
  /**
   * The dialer's message instead of `proof` when the dialer only compares secrets. The listener answers with `ready` and closes the
   * connection.
   */
  verify: 10,
  toRoom: 16,
  toPlayer: 17,
  syncMany: 18,
  compactMany: 19,
  /**
   * The trace of the request or of the command in the next frame. A server without tracing, or of an older release, ignores these frames.
   */
  tracedRequest: 20,
  tracedCommand: 21,
  /** The trace of a change that the owner of a room has just sent to its players. */
  tracedSync: 22,
  /** The trace of the recovery or move that brought a room to its new owner. The frame `placed` for a session of this room follows. */
  tracedPlaced: 23,
} as const;

/** Byte offsets in frames whose header is read without decoding. */
export const LINK_HEADER = {
  /** `toRoom` and `toPlayer`: u32 handle, f64 epoch, the frame. */
  session: { handle: 1, epoch: 5, frame: 13 },
  /** `syncMany`: f64 epoch, u32 version, u16 count, count × (u32 handle, u32 seq), the sync's body. */
  syncMany: { epoch: 1, version: 9, count: 13, entries: 15, entryBytes: 8 },
  /** `compactMany`: f64 epoch, u32 version, u16 count, count × (u32 handle, u32 seq, u32 input), the body of the compact sync. */
  compactMany: { epoch: 1, version: 9, count: 13, entries: 15, entryBytes: 12 },
  /** `tracedRequest`: u32 id of the request, the trace (`libs/tracing`). */
  tracedRequest: { id: 1, context: 5 },
  /** `tracedCommand`: u32 handle, u32 seq, the trace. */
  tracedCommand: { handle: 1, seq: 5, context: 9 },
  /** `tracedSync`: u32 version, the trace. */
  tracedSync: { version: 1, context: 5 },
  /** `tracedPlaced`: u32 handle, the trace. */
  tracedPlaced: { handle: 1, context: 5 },
} as const;
