/** Kinds of frames on a link; `ARCHITECTURE.md` has their layout. */
export const LINK_KIND = {
  challenge: 1,
  proof: 2,
  ready: 3,
  request: 4,
  response: 5,
  event: 6,
  ping: 7,
  pong: 8,
  /** Instead of `ready`: the proof was not made with this server's secret. */
  refused: 9,
  /** Instead of `proof`: only to compare secrets; `ready` is the answer, and then the link is closed. */
  verify: 10,
  toRoom: 16,
  toPlayer: 17,
  syncMany: 18,
} as const;

/** Byte offsets inside the frames that are read in place. */
export const LINK_HEADER = {
  /** `toRoom` and `toPlayer`: u32 handle, f64 epoch, the frame. */
  session: { handle: 1, epoch: 5, frame: 13 },
  /** `syncMany`: f64 epoch, u32 version, u16 count, count × (u32 handle, u32 seq), the sync's body. */
  syncMany: { epoch: 1, version: 9, count: 13, entries: 15, entryBytes: 8 },
} as const;
