import { encodePlayerMessage } from '#libs/protocol';
import { nowMs, percentile } from '../tools.js';
import type { Crowd } from './crowd.js';
import { colyseus, matchmake, take } from './dialects/colyseus.js';
import type { Dialect } from './dialects/dialect.js';
import { pinus } from './dialects/pinus.js';
import { answerPing, socketIo } from './dialects/socket-io.js';
import { AT_ONCE } from './games.js';
import type { Rate } from './lobby.js';
import { PeerPlayer } from './peer-player.js';
import { type Way, Wire } from './wire.js';

const DIALECTS = { colyseus, 'socket.io': socketIo, pinus } satisfies Record<string, Dialect>;

/** Players of other systems: of echo servers, which accept any bytes, and of alternatives to Holdfast. */
export class PeerLoad {
  private pairs = 0;

  constructor(private readonly crowd: Crowd) {}

  /** Opens connections to a server that answers each frame with one frame. */
  async enterRaw({ port, way, count, payloadBytes }: { port: number; way: Way; count: number; payloadBytes: number }): Promise<void> {
    const frame = encodePlayerMessage({ kind: 'command', seq: 1, settled: 0, name: 'tap', data: 'x'.repeat(payloadBytes) });
    const bytes = Wire.framed(way, frame);
    for (let first = 0; first < count; first += AT_ONCE) {
      const wires = await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - first) }, () => Wire.open(way, port)));
      this.crowd.add(...wires.map((wire) => new PeerPlayer(wire, bytes, () => 1, null, this.crowd)));
    }
  }

  /** Opens rooms of two. Both players receive every message. */
  async enterPairs({
    peer,
    ports,
    rooms,
    payloadBytes,
  }: {
    peer: keyof typeof DIALECTS;
    ports: readonly number[];
    rooms: number;
    payloadBytes: number;
  }): Promise<void> {
    const dialect: Dialect = DIALECTS[peer];
    for (let first = 0; first < rooms; first += AT_ONCE) {
      const wave = Array.from({ length: Math.min(AT_ONCE, rooms - first) }, () => this.pair(dialect, ports, payloadBytes));
      await Promise.all(wave);
    }
  }

  private async pair(dialect: Dialect, ports: readonly number[], payloadBytes: number): Promise<void> {
    const first = this.pairs++ % ports.length;
    const wires = await dialect.pair([...ports.slice(first), ...ports.slice(0, first)], `pair-${process.pid}-${this.pairs}`);
    for (const [seat, wire] of wires.entries()) {
      const mark = 'ab'[seat];
      const read = (frame: Buffer): number => {
        if (dialect === socketIo) answerPing(wire, frame);
        return dialect.payloadAt(frame);
      };
      const bytes = dialect.tap(mark.padEnd(payloadBytes, 'x'));
      this.crowd.add(new PeerPlayer(wire, bytes, read, mark.charCodeAt(0), this.crowd));
    }
  }

  /** Measures pairs that repeatedly create a Colyseus room, join it, and leave, at the Colyseus processes in turn. */
  async colyseusJoins({ ports, pairs, ms }: { ports: readonly number[]; pairs: number; ms: number }): Promise<Rate> {
    const tookMs: number[] = [];
    const startedAt = nowMs();
    await Promise.all(
      Array.from({ length: pairs }, async (_, index) => {
        for (let begunAt = nowMs(), turn = index; begunAt < startedAt + ms; begunAt = nowMs(), turn++) {
          const port = ports[turn % ports.length];
          const host = await matchmake(port, 'create', 'pair');
          const hostWire = await take(host, port);
          const guestWire = await take(await matchmake(port, 'joinById', host.roomId), port);
          tookMs.push(nowMs() - begunAt);
          hostWire.close();
          guestWire.close();
        }
      }),
    );
    return { perSecond: (tookMs.length * 1_000) / (nowMs() - startedAt), p50Ms: percentile(tookMs, 0.5) };
  }

  /**
   * Measures players that repeatedly request any Colyseus room of two with a free place, and leave. Returns the players placed per
   * second.
   */
  async colyseusMatches({ ports, count, ms }: { ports: readonly number[]; count: number; ms: number }): Promise<Rate & { failed: number }> {
    const tookMs: number[] = [];
    let failed = 0;
    const startedAt = nowMs();
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        for (let begunAt = nowMs(); begunAt < startedAt + ms; begunAt = nowMs()) {
          try {
            const port = ports[index % ports.length];
            const wire = await take(await matchmake(port, 'joinOrCreate', 'pair'), port);
            tookMs.push(nowMs() - begunAt);
            wire.close();
          } catch {
            failed += 1;
          }
        }
      }),
    );
    return { perSecond: (tookMs.length * 1_000) / (nowMs() - startedAt), p50Ms: percentile(tookMs, 0.5), failed };
  }

  /** Requests this many Colyseus rooms at the same moment, at its processes in turn. Returns the number of rooms of each process. */
  async colyseusAtOnce({ ports, rooms }: { ports: readonly number[]; rooms: number }): Promise<{ counts: number[]; ms: number }> {
    const startedAt = nowMs();
    const seats = await Promise.all(Array.from({ length: rooms }, (_, index) => matchmake(ports[index % ports.length], 'create', 'pair')));
    const ms = nowMs() - startedAt;
    const counts = new Map<string, number>();
    for (const { processId } of seats) counts.set(processId, (counts.get(processId) ?? 0) + 1);
    return { counts: [...counts.values()], ms };
  }
}
