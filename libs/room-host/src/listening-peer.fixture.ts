import { decodeServerMessage, type Placed, unpack } from '#libs/protocol';

/** The gateway's end of a link. It records the syncs, `placed` messages and detachments that it receives. */
export class ListeningPeer {
  readonly syncs: {
    version: number;
    from?: number;
    events?: { version: number; name: string; data?: unknown }[];
    missed?: true;
    state?: unknown;
  }[] = [];
  readonly detached: { reason: string }[] = [];

  readonly placed: Placed[] = [];

  sendSessionFrame(_kind: number, _handle: number, _epoch: number, frame: Uint8Array): void {
    const message = decodeServerMessage(frame);
    if (message.kind === 'placed') this.placed.push(message);
  }

  sendSyncMany(_epoch: number, version: number, _entries: readonly number[], body: Uint8Array): void {
    this.syncs.push({ ...(unpack(body) as object), version });
  }

  emit(pattern: string, data: { reason: string }): void {
    if (pattern === 'room.detached') this.detached.push(data);
  }

  /** The received events, in order, each as `version name`. */
  get receivedEvents(): string[] {
    return this.syncs.flatMap(({ events = [] }) => events.map(({ version, name }) => `${version} ${name}`));
  }

  get hasMissed(): boolean {
    return this.syncs.some(({ missed }) => missed);
  }
}
