import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { WebSocket } from 'ws';
import { decodeServerMessage, encodePlayerMessage, FrameSplitter, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '#libs/protocol';
import type { Gateway } from './gateway.js';
import { bentBytes, frame, streamOf, text, withLength } from './hostile.js';
import { DEFECT, Finding, inTime, type Target } from './target.js';

const HELLO = { kind: 'hello', protocol: 1, name: 'ada' } as const;

interface TcpCase {
  /** True: the connection logs in and waits for the welcome before it sends `bytes`. */
  readonly isGreeted: boolean;
  readonly bytes: Buffer;
}

export function overTcp({ tcpPort }: Gateway): Target<TcpCase> {
  return {
    name: 'players, MessagePack over TCP',
    share: 8,
    cases: fc.record({ isGreeted: fc.boolean(), bytes: streamOf(frame) }),
    async check({ isGreeted, bytes }) {
      const socket = connect(tcpPort, '127.0.0.1');
      const closed = closing(socket);
      let isAnswered: () => void = () => {};
      const answered = new Promise<void>((resolve) => {
        isAnswered = resolve;
      });
      const findings: Finding[] = [];
      const splitter = new FrameSplitter(1 << 24, (said) => {
        isAnswered();
        look(decodeServerMessage(said), findings);
      });
      socket.on('data', (chunk) => splitter.push(chunk));
      if (isGreeted) {
        socket.write(withLength(encodePlayerMessage(HELLO)));
        await inTime('a welcome', Promise.race([answered, closed]));
      }
      socket.end(bytes);
      await inTime('the end of a TCP connection', closed);
      if (findings.length > 0) throw findings[0];
    },
  };
}

interface WebSocketCase {
  readonly isGreeted: boolean;
  readonly messages: readonly { readonly bytes: Buffer; readonly isOther: boolean }[];
  /** Bytes that the test writes to the socket without a WebSocket frame. Null: none. */
  readonly raw: Buffer | null;
}

export function overWebSocket({ webSocketPort }: Gateway, form: 'MessagePack' | 'JSON'): Target<WebSocketCase> {
  const isJson = form === 'JSON';
  // A valid WebSocket frame of a client (FIN, text or binary, masked, 6 bytes). The cases modify it.
  const wire = Buffer.from([isJson ? 0x81 : 0x82, 0x86, 0, 0, 0, 0, 5, 0, 0, 0, 1, 0]);
  return {
    name: `players, ${form} over WebSocket`,
    share: 7,
    cases: fc.record({
      isGreeted: fc.boolean(),
      messages: fc.array(
        fc.record({ bytes: isJson ? text : frame, isOther: fc.integer({ max: 9, min: 0 }).map((chance) => chance === 0) }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      raw: fc.option(bentBytes(fc.constant(wire))),
    }),
    async check({ isGreeted, messages, raw }) {
      const client = new WebSocket(`ws://127.0.0.1:${webSocketPort}/play`, isJson ? SUBPROTOCOL_JSON : SUBPROTOCOL_BINARY);
      const closed = closing(client);
      const findings: Finding[] = [];
      client.on('message', (said: Buffer) => look(isJson ? JSON.parse(String(said)) : decodeServerMessage(said), findings));
      await inTime('a WebSocket', once(client, 'open'));
      if (isGreeted) {
        client.send(isJson ? JSON.stringify(HELLO) : encodePlayerMessage(HELLO));
        await inTime('a welcome', Promise.race([once(client, 'message'), closed]));
      }
      for (const { bytes, isOther } of messages) client.send(bytes, { binary: isJson === isOther });
      if (raw) (client as unknown as { _socket: Socket | null })._socket?.write(raw);
      // Ends the socket and sends no close frame. If the server had only a part of a frame so far, it would take the close frame for the
      // rest.
      (client as unknown as { _socket: Socket | null })._socket?.end();
      await inTime('the end of a WebSocket', closed);
      if (findings.length > 0) throw findings[0];
    },
  };
}

/** Waits until either end has closed the connection, with or without an error. */
function closing(connection: Socket | WebSocket): Promise<void> {
  connection.on('error', () => {});
  return new Promise((resolve) => {
    connection.once('close', () => resolve());
  });
}

function look(said: unknown, findings: Finding[]): void {
  const { kind, code, error } = said as { kind: string; code?: string; error?: { code?: string } };
  if (code === DEFECT || error?.code === DEFECT) findings.push(new Finding(`answered ${kind} with ${DEFECT}`));
}
