import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { playerMessageFromJson, type RoomId, type ServerMessage, type SessionId, serverId, type UserId } from '#libs/protocol';

const page = readFileSync(join(process.cwd(), 'docs/protocol.md'), 'utf8');
const [, script] = /```js\n([\s\S]*?)```/.exec(page) ?? [];

/** A minimal server for the script: a tic-tac-toe board, and an opponent in seat 0 who always takes the last free cell. */
class Board {
  private readonly cells: (number | null)[] = Array<number | null>(9).fill(null);
  private version = 0;
  readonly moves: unknown[] = [];

  constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => this.hear(data.toString()));
  }

  private hear(json: string): void {
    const message = playerMessageFromJson(json);
    if (message.kind === 'hello') {
      const ids = { session: 's' as SessionId, secret: 'x', user: 'u' as UserId, server: serverId('gateway', '1') };
      this.say({ kind: 'welcome', protocol: 1, ...ids, name: message.name as string, resumed: false, pingMs: 20 });
    } else if (message.kind === 'ping') this.say({ kind: 'pong', nonce: message.nonce });
    else if (message.kind === 'request') this.begin(message.id);
    else if (message.kind === 'command') this.play(message.seq, (message.data as { cell: number }).cell);
  }

  private begin(id: number): void {
    this.say({ kind: 'response', id, data: { waiting: true } });
    const players = [
      { seat: 0, name: 'Bob' },
      { seat: 1, name: 'Script' },
    ];
    this.say({ kind: 'placed', room: 'r' as RoomId, game: 'tic-tac-toe', seat: 1, epoch: 1, round: 0, players, seq: 0 });
    this.say({ kind: 'sync', version: 0, seq: 0, room: 'r' as RoomId, state: { cells: this.cells, turn: 0, moves: 0 } });
    this.mark(0, 8, 0);
  }

  private play(seq: number, cell: number): void {
    this.moves.push([seq, cell]);
    this.mark(1, cell, seq);
    if (this.moves.length === 3) this.say({ kind: 'ended', room: 'r' as RoomId, reason: 'finished', result: { winner: 1 } });
    else this.mark(0, this.cells.lastIndexOf(null), seq);
  }

  private mark(seat: number, cell: number, seq: number): void {
    this.cells[cell] = seat;
    const patches = [
      { op: 'replace' as const, path: `/cells/${cell}`, value: seat },
      { op: 'replace' as const, path: '/turn', value: 1 - seat },
    ];
    this.version += 1;
    this.say({ kind: 'sync', version: this.version, seq, room: 'r' as RoomId, from: this.version - 1, patches });
  }

  private say(message: ServerMessage): void {
    this.socket.send(JSON.stringify(message));
  }
}

describe('the script in docs/protocol.md', () => {
  it('has at most twenty lines and plays a game to its end', async () => {
    expect(script.trim().split('\n').filter(Boolean).length).toBeLessThanOrEqual(20);
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    let board: Board | undefined;
    server.on('connection', (socket) => {
      expect(socket.protocol).toBe('holdfast.v1.json');
      board = new Board(socket);
    });
    const { port } = server.address() as { port: number };
    const player = spawn(process.execPath, ['--input-type=module', '-', `ws://127.0.0.1:${port}/play`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      let printed = '';
      player.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      player.stdin.end(script);
      await once(player, 'exit');
      expect(board?.moves).toEqual([
        [1, 0],
        [2, 1],
        [3, 2],
      ]);
      expect(printed).toBe('{ winner: 1 }\n');
    } finally {
      player.kill();
      server.close();
    }
  });
});
