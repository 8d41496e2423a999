import { createInterface } from 'node:readline';
import { connect, HoldfastError, type Room, type Session } from '#libs/client/node';

interface Instruction {
  readonly id: number;
  readonly do: string;
  readonly [field: string]: unknown;
}

/**
 * Runs the client of this repository as a client under test. `conformance/README.md` describes the lines that the tool and the client
 * exchange.
 */
export function runNodeClient(urls: readonly string[]): void {
  const client = new NodeClient(urls);
  createInterface({ input: process.stdin })
    .on('line', (line) => void answer(client, JSON.parse(line) as Instruction))
    .on('close', () => process.exit());
}

async function answer(client: NodeClient, instruction: Instruction): Promise<void> {
  const { id } = instruction;
  try {
    say({ id, result: (await client.act(instruction)) ?? null });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    say({ id, error: { code: error.code, message: error.message } });
  }
}

class NodeClient {
  private session: Session | null = null;
  private inputs = 0;

  constructor(private readonly urls: readonly string[]) {}

  async act(instruction: Instruction): Promise<unknown> {
    if (instruction.do === 'connect') return this.connect(instruction);
    const { session } = this;
    if (!session) throw new HoldfastError('hello-first', 'Send a line with connect first.');
    switch (instruction.do) {
      case 'request':
        return session.request(instruction.operation as 'me', instruction.data as undefined);
      case 'command':
        return (this.room as Room<unknown>).send(instruction.name as never, instruction.data as never);
      case 'input':
        return this.input(instruction.data);
      case 'close':
        return session.close();
      case 'detach':
        return session.detach();
      default:
        throw new HoldfastError('bad-data', `There is no ${instruction.do}.`);
    }
  }

  private get room(): Room {
    if (!this.session?.room) throw new HoldfastError('not-in-room');
    return this.session.room;
  }

  private input(data: unknown): number | null {
    if (!this.room.sendInput(this.inputs + 1, data)) return null;
    this.inputs += 1;
    return this.inputs;
  }

  private async connect({ name, token, session: id, secret }: Instruction): Promise<unknown> {
    const login = Object.fromEntries(Object.entries({ name, token, session: id, secret }).filter(([, value]) => value !== undefined));
    const session = await connect(this.urls, login);
    this.session = session;
    session.on('status', (status) => say({ event: 'status', status }));
    session.on('closed', (error) => say({ event: 'closed', code: error?.code ?? null }));
    session.on('room', (room) => (room ? this.watch(room) : say({ event: 'room', room: null })));
    if (session.room) this.watch(session.room);
    return { session: session.id, user: session.user, name: session.name };
  }

  private watch(room: Room): void {
    say({ event: 'room', room: room.id });
    room.on('view', (view) => say({ event: 'view', view }));
    room.on('placed', () => say({ event: 'placed', room: room.id, seat: room.seat, players: room.players }));
    room.on('players', (players) => say({ event: 'players', players }));
    room.on('sync', ({ version, state, time, input }) => {
      this.inputs = Math.max(this.inputs, input ?? 0);
      say({ event: 'state', version, state, time, input });
    });
    room.on('event', ({ version, name, data }) => say({ event: 'event', version, name, data }));
    room.on('missed', () => say({ event: 'missed' }));
    room.on('rewound', ({ from, to }) => say({ event: 'rewound', from, to }));
    room.on('pause', (reason) => say({ event: 'paused', reason }));
    room.on('resume', (reason) => say({ event: 'resumed', reason }));
    room.on('end', (result) => say({ event: 'ended', ...result }));
    room.on('left', (reason) => say({ event: 'left', reason }));
  }
}

function say(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
