import { useCallback, useRef, useSyncExternalStore } from 'react';
import type { Room, RoomEvents, Session } from '#libs/client';
import { isSame } from './is-same.js';
import { useStore } from './provider.js';

/** The events of a room after which one of its properties may have another value. */
const CHANGES = [
  'view',
  'placed',
  'players',
  'change',
  'rewound',
  'pause',
  'resume',
  'end',
  'left',
] as const satisfies (keyof RoomEvents)[];

/**
 * Returns the room of the player, or null. The component renders again when the player enters another room or leaves, but not when the
 * state of the room changes. For the state, use `useRoomState`.
 */
export function useRoom<Rules = unknown>(): Room<Rules> | null {
  const store = useStore();
  const subscribe = useCallback(
    (listener: () => void) => {
      let session: Session | null = null;
      let off = () => {};
      const follow = () => {
        if (store.current.session === session) return;
        off();
        session = store.current.session;
        off = session?.on('room', listener) ?? (() => {});
      };
      follow();
      const offStore = store.subscribe(() => {
        follow();
        listener();
      });
      return () => {
        offStore();
        off();
      };
    },
    [store],
  );
  const snapshot = () => (store.current.session?.room ?? null) as Room<Rules> | null;
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}

/**
 * Returns a value from a room: from its state, its status, its players. The component renders again only when the value has changed.
 *
 * @param room the room of `useRoom`. Null: the result is undefined
 * @param select returns the value. It must depend on the room only
 * @param isEqual decides whether two values are the same. Default: plain objects and arrays are compared by content
 * @example
 * const room = useRoom<TicTacToe>();
 * const turn = useRoomState(room, ({ state }) => state?.turn);
 */
export function useRoomState<Rules, Selected>(
  room: Room<Rules>,
  select: (room: Room<Rules>) => Selected,
  isEqual?: (a: Selected, b: Selected) => boolean,
): Selected;
export function useRoomState<Rules, Selected>(
  room: Room<Rules> | null,
  select: (room: Room<Rules>) => Selected,
  isEqual?: (a: Selected, b: Selected) => boolean,
): Selected | undefined;
export function useRoomState<Rules, Selected>(
  room: Room<Rules> | null,
  select: (room: Room<Rules>) => Selected,
  isEqual: (a: Selected, b: Selected) => boolean = isSame,
): Selected | undefined {
  // The last value. A value that is equal keeps its identity, because React renders again when the identity changes.
  const last = useRef<{ readonly value: Selected } | null>(null);
  const subscribe = useCallback(
    (listener: () => void) => {
      const offs = room ? CHANGES.map((name) => room.on(name, listener)) : [];
      return () => offs.forEach((off) => void off());
    },
    [room],
  );
  const snapshot = () => {
    if (!room) return undefined;
    const value = select(room);
    if (last.current === null || !isEqual(last.current.value, value)) last.current = { value };
    return last.current.value;
  };
  return useSyncExternalStore(subscribe, snapshot, snapshot);
}
