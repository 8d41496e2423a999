import { Injectable } from '@nestjs/common';
import { FleetLinks, ServerDirectory } from '#libs/fleet';
import type { AdoptResult, RoomId } from '#libs/protocol';
import type { RoomOwnership, Tenure } from '#libs/room-store';
import { LOAD_TIMEOUT_MS } from '../room-host.options.js';

interface PendingLoad {
  readonly room: RoomId;
  readonly tenure: Tenure;
  resolve(result: AdoptResult): void;
  reject(error: unknown): void;
}

/**
 * Asks other servers to load the rooms that migrated to them. All rooms of one event-loop tick for the same server share one request,
 * because a drain migrates hundreds of rooms.
 */
@Injectable()
export class LoadRequests {
  private readonly byTarget = new Map<string, PendingLoad[]>();

  constructor(
    private readonly directory: ServerDirectory,
    private readonly links: FleetLinks,
  ) {}

  /** True while this incarnation of the server is registered, so that a request can reach it. */
  canAsk({ server, incarnation }: RoomOwnership): boolean {
    return this.directory.get(server)?.incarnation === incarnation;
  }

  /**
   * Asks the server in `tenure` to load the room, and returns its answer. Rejects when no answer arrives. The server may have loaded the
   * room nevertheless.
   */
  ask(room: RoomId, tenure: Tenure): Promise<AdoptResult> {
    return new Promise((resolve, reject) => {
      const key = `${tenure.server}:${tenure.incarnation}`;
      const request = { room, tenure, resolve, reject };
      const others = this.byTarget.get(key);
      if (others) {
        others.push(request);
        return;
      }
      this.byTarget.set(key, [request]);
      setImmediate(() => {
        const all = this.byTarget.get(key) ?? [];
        this.byTarget.delete(key);
        void this.send(tenure, all);
      });
    });
  }

  private async send(target: RoomOwnership, all: readonly PendingLoad[]): Promise<void> {
    try {
      const record = this.directory.get(target.server);
      if (record?.incarnation !== target.incarnation) throw new Error(`${target.server} is gone`);
      const peer = await this.links.to(record);
      const rooms = all.map(({ room, tenure }) => ({ room, ...tenure }));
      const { results } = (await peer.request('room.load', { rooms }, { timeoutMs: LOAD_TIMEOUT_MS })) as { results: AdoptResult[] };
      all.forEach(({ resolve }, index) => {
        resolve(results[index] ?? { result: 'failed', code: 'internal' });
      });
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  }
}
