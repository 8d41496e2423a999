import {
  type Hello,
  type Placed,
  type RoomId,
  type RoomView,
  type SessionId,
  type Sync,
  serverId,
  type UserId,
  type Welcome,
} from '#libs/protocol';
import { encodePatch, encodeValue } from '#libs/state-patch';
import { expectEqual, expectThat } from './case.js';
import type { ClientAnswer, ClientUnderTest } from './client-under-test.js';
import type { ScriptConnection } from './script-connection.js';
import type { ScriptGateway } from './script-gateway.js';

export const ROOM = 'r-1' as RoomId;
export const SESSION = 's-1' as SessionId;
const USER = 'u-1' as UserId;
/** Time limit for a connection, in ms. It allows for a client that is still starting, and for its delays between attempts to connect. */
const CONNECTION_MS = 8_000;
/** Duration for which a case checks that the client does not do something, in ms. */
export const QUIET_MS = 500;

/** The participants of one case: a client under test, and the gateways that the client knows. */
export class Table {
  /** The number in the last secret, such as `secret-1`. Each welcome has a new secret. */
  private secrets = 0;

  constructor(
    readonly gateways: readonly ScriptGateway[],
    readonly client: ClientUnderTest,
  ) {
    client.onEnd(() => {
      for (const { connections } of gateways) connections.changed();
    });
  }

  /** Returns the next connection that the client opens to this gateway. */
  connection(gateway = 0): Promise<ScriptConnection> {
    return this.gateways[gateway]!.connections.take(
      'a connection',
      () => true,
      CONNECTION_MS,
      () => this.client.ending,
    );
  }

  hearsNoConnection(waitMs: number, gateway = 0): Promise<void> {
    return this.gateways[gateway]!.connections.none('connection', () => true, waitMs);
  }

  get secret(): string {
    return `secret-${this.secrets}`;
  }

  welcome(line: ScriptConnection, more: Partial<Welcome> = {}): void {
    this.secrets += 1;
    line.send({
      kind: 'welcome',
      protocol: 1,
      session: SESSION,
      secret: this.secret,
      user: USER,
      name: 'Ada',
      resumed: this.secrets > 1,
      server: serverId('gateway', '1'),
      pingMs: 10_000,
      sessionMs: 3_600_000,
      ...more,
    });
  }

  /** Instructs the client to connect, and sends it a welcome. */
  async greeted(more: Partial<Welcome> = {}, gateway = 0): Promise<ScriptConnection> {
    const connecting = this.client.act({ do: 'connect', name: 'Ada' });
    const line = await this.connection(gateway);
    await line.hears('hello');
    this.welcome(line, more);
    expectResult(await connecting, 'the answer to connect');
    return line;
  }

  /** Expects a resume of the session, and welcomes the client. Returns the connection and its hello. */
  async resumed(gateway = 0): Promise<{ line: ScriptConnection; hello: Hello }> {
    const line = await this.connection(gateway);
    const hello = await line.hears('hello');
    expectEqual({ session: hello.session, secret: hello.secret }, { session: SESSION, secret: this.secret }, 'the hello of a resume');
    this.welcome(line);
    return { line, hello };
  }

  /** Connects the client, and places it in a running game with this state as version 0. */
  async playing(state: unknown = { n: 0 }, placed: Partial<Placed> = {}): Promise<ScriptConnection> {
    const line = await this.greeted();
    this.place(line, placed);
    this.whole(line, 0, state, placed.seq ?? 0);
    await this.client.hears('state');
    return line;
  }

  place(line: ScriptConnection, more: Partial<Placed> = {}): void {
    line.send({ kind: 'room', room: viewOf({ status: 'playing' }) });
    const players = [
      { seat: 0, name: 'Ada' },
      { seat: 1, name: 'Bob' },
    ];
    line.send({ kind: 'placed', room: ROOM, game: 'script', seat: 0, epoch: 1, round: 0, players, seq: 0, ...more });
  }

  /** Sends a whole state in the form with RFC 6902 patches, which every client can read. */
  whole(line: ScriptConnection, version: number, state: unknown, seq = 0, more: Partial<Sync> = {}): void {
    line.send({ kind: 'sync', version, seq, room: ROOM, state, ...more });
  }

  /** Sends a sync without a change. The sync acknowledges the commands up to `seq`. */
  acknowledge(line: ScriptConnection, version: number, seq: number): void {
    line.send({ kind: 'sync', version, seq, room: ROOM, from: version, patches: [] });
  }

  /** Expects that the next state of the client is this one. */
  async sees(version: number, state: unknown): Promise<void> {
    const event = await this.client.hears('state');
    expectEqual({ version: event.version, state: event.state }, { version, state }, 'the next state of the client');
  }

  /** Expects that the client closes this connection, resumes without room and version, and accepts the whole state that follows. */
  async asksForAll(line: ScriptConnection, state: unknown): Promise<ScriptConnection> {
    expectThat(await line.isClosedByClient(), 'expected that the client closes the connection');
    const next = await this.resumed();
    expectEqual([next.hello.room, next.hello.version], [undefined, undefined], 'room and version in the hello');
    this.place(next.line);
    this.whole(next.line, 9, state);
    await this.sees(9, state);
    return next.line;
  }
}

export function viewOf(more: Partial<RoomView> = {}): RoomView {
  return {
    id: ROOM,
    game: 'script',
    name: '',
    status: 'waiting',
    rev: 1,
    owner: USER,
    seats: 2,
    members: [{ user: USER, name: 'Ada', seat: 0, ready: false, here: true }],
    ...more,
  };
}

/** The bytes of a compact sync: a whole state, or the patch between two states. */
export const compactState = (state: unknown): Uint8Array => encodeValue(state);
export const compactPatch = (before: unknown, after: unknown): Uint8Array => encodePatch(before, after);

/** Returns the result of an answer. Fails when the answer is a refusal. */
export function expectResult(answer: ClientAnswer, what: string): unknown {
  expectThat(answer.error === undefined, `${what}: expected a result, found the error ${answer.error?.code}`);
  return answer.result;
}

export function expectRefusal(answer: ClientAnswer, code: string, what: string): void {
  expectThat(answer.error !== undefined, `${what}: expected the error ${code}, found the result ${JSON.stringify(answer.result)}`);
  expectEqual(answer.error.code, code, `${what}: the code`);
}
