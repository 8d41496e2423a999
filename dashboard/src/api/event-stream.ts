import { EventSourceParserStream } from 'eventsource-parser/stream';
import { useEffect, useRef, useState } from 'react';
import { authorization } from './client.js';
import type { ShownEvent } from './types.js';

const RETRY_MS = 2_000;
/** The gateway writes to the stream at least every 15 seconds. */
const SILENT_MS = 20_000;
const RECENT = 200;
/** Older events are dropped, so that a page that stays open for days does not grow. */
export const EVENTS_KEPT = 1_000;

export interface EventFilter {
  readonly kind: string;
  readonly severity: string;
}

export interface EventList {
  /** Newest first. */
  readonly events: readonly ShownEvent[];
  readonly isConnected: boolean;
}

/** Follows the events of the fleet. Reads them by `fetch`, because an EventSource cannot send a token. */
export function useEvents({ kind, severity }: EventFilter): EventList {
  const [list, setList] = useState<EventList>({ events: [], isConnected: false });
  const known = useRef(new Set<string>());
  useEffect(() => {
    const stopped = new AbortController();
    known.current = new Set();
    setList({ events: [], isConnected: false });
    const add = (arrived: ShownEvent[]) => {
      const fresh = arrived.filter(({ id }) => !known.current.has(id) && known.current.add(id));
      if (fresh.length > 0) setList(({ events }) => ({ isConnected: true, events: [...fresh.reverse(), ...events].slice(0, EVENTS_KEPT) }));
    };
    void follow({ kind, severity }, stopped.signal, add, (isConnected) => setList((before) => ({ ...before, isConnected })));
    return () => stopped.abort();
  }, [kind, severity]);
  return list;
}

/** Reads the stream until `stopped`. After a lost connection, a new stream continues behind the last event. */
async function follow(filter: EventFilter, stopped: AbortSignal, add: (events: ShownEvent[]) => void, connected: (is: boolean) => void) {
  let lastId = '';
  while (!stopped.aborted) {
    try {
      await read(filter, lastId, stopped, connected, (events) => {
        lastId = events.at(-1)?.id ?? lastId;
        add(events);
      });
    } catch {
      // The gateway cannot be reached. The loop tries again.
    }
    if (stopped.aborted) return;
    connected(false);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

async function read(
  { kind, severity }: EventFilter,
  lastId: string,
  stopped: AbortSignal,
  connected: (is: boolean) => void,
  add: (events: ShownEvent[]) => void,
) {
  const query = new URLSearchParams({ recent: String(RECENT), severity, ...(kind !== '' && { kind }) });
  const silent = new AbortController();
  const signal = AbortSignal.any([stopped, silent.signal]);
  let timer = setTimeout(() => silent.abort(), SILENT_MS);
  try {
    const headers = { ...authorization(), ...(lastId !== '' && { 'Last-Event-ID': lastId }) };
    const response = await fetch(`./api/events?${query}`, { headers, signal });
    if (!response.ok || !response.body) return;
    connected(true);
    const watched = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENT_MS);
        controller.enqueue(chunk);
      },
    });
    const reader = response.body
      .pipeThrough(watched)
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .pipeThrough(new EventSourceParserStream())
      .getReader();
    let batch: ShownEvent[] = [];
    // Events that arrive together are rendered together: the loss of a server causes thousands of room events.
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      batch.push(...([JSON.parse(part.value.data)].flat() as ShownEvent[]));
      if (batch.length === 1)
        setTimeout(() => {
          add(batch);
          batch = [];
        });
    }
  } finally {
    clearTimeout(timer);
  }
}
