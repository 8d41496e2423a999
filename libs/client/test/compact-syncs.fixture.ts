import { applyPatches, encodeCompactSync, encodeServerMessage, type Sync } from '#libs/protocol';
import { encodePatch, encodeValue, hashValue } from '#libs/state-patch';

/** A state patch that is valid for no value, because it edits a child that does not exist. */
const MISFIT = Uint8Array.of(0x02, 0x1f, 0x70, 0x00);

/** Encodes the compact syncs of one session. */
export class CompactSyncs {
  private readonly states = new Map<number, unknown>();

  frameOf(sync: Sync): Uint8Array {
    const { version, seq, from, patches = [], state, events = [], missed } = sync;
    // The compact form cannot encode a sync whose patches or events are not arrays. So this sync has the form with RFC 6902 patches.
    if (!Array.isArray(patches) || !Array.isArray(events)) return encodeServerMessage(sync);
    const shared = { kind: 'compact' as const, seq, input: 0, version, events, ...(missed && { missed }) };
    if (from === undefined) {
      this.states.clear();
      this.states.set(version, state);
      return encodeCompactSync({ ...shared, hash: hashValue(state), state: encodeValue(state) });
    }
    if (!this.states.has(from)) return encodeCompactSync({ ...shared, from, patch: patches.length === 0 ? new Uint8Array(0) : MISFIT });
    const before = this.states.get(from);
    let after: unknown;
    try {
      after = applyPatches(before, patches);
    } catch {
      return encodeCompactSync({ ...shared, from, patch: MISFIT });
    }
    this.states.set(version, after);
    return encodeCompactSync({ ...shared, from, hash: hashValue(after), patch: encodePatch(before, after) });
  }
}
