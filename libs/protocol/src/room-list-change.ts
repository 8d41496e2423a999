import type { RoomId, RoomSummary, RoomsMessage } from '#libs/protocol';

export type ListChange = Pick<RoomsMessage, 'added' | 'changed' | 'removed' | 'order'>;

/** Returns how a list has changed, as in a `rooms` message. Null: it has not changed. */
export function listChange(before: readonly RoomSummary[], after: readonly RoomSummary[]): ListChange | null {
  const old = new Map(before.map((room) => [room.id, room]));
  const ids = new Set(after.map(({ id }) => id));
  const added = after.filter(({ id }) => !old.has(id));
  const changed = after.filter((room) => old.has(room.id) && JSON.stringify(old.get(room.id)) !== JSON.stringify(room));
  const removed = before.map(({ id }) => id).filter((id) => !ids.has(id));
  const order = after.map(({ id }) => id);
  const expected = [...added.map(({ id }) => id), ...before.map(({ id }) => id).filter((id) => ids.has(id))];
  const isOrdered = isSameList(order, expected);
  if (added.length + changed.length + removed.length === 0 && isOrdered) return null;
  return {
    ...(added.length > 0 && { added }),
    ...(changed.length > 0 && { changed }),
    ...(removed.length > 0 && { removed }),
    ...(!isOrdered && { order }),
  };
}

/** Returns the list after a change. The inverse of `listChange`. */
export function applyListChange(
  before: readonly RoomSummary[],
  { added = [], changed = [], removed = [], order }: ListChange,
): readonly RoomSummary[] {
  const gone = new Set(removed);
  const newer = new Map(changed.map((room) => [room.id, room]));
  const after = [...added, ...before.filter(({ id }) => !gone.has(id)).map((room) => newer.get(room.id) ?? room)];
  if (!order) return after;
  const byId = new Map(after.map((room) => [room.id, room]));
  return order.flatMap((id) => byId.get(id) ?? []);
}

function isSameList(list: readonly RoomId[], other: readonly RoomId[]): boolean {
  return list.length === other.length && list.every((id, index) => id === other[index]);
}
