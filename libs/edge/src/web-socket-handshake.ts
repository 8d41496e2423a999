import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '#libs/protocol';

/** What a client that asks for a WebSocket is answered. */
export type UpgradeAnswer =
  | { readonly subprotocol: typeof SUBPROTOCOL_BINARY | typeof SUBPROTOCOL_JSON; readonly accept: string }
  | { readonly status: 400 | 405 | 426; readonly reason: string };

/** Source: RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Sixteen bytes in Base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSION = '13';

/** The server's side of an opening handshake. Source: RFC 6455, section 4.2. */
export function answerUpgrade(method: string | undefined, headers: IncomingHttpHeaders): UpgradeAnswer {
  if (method !== 'GET') return { status: 405, reason: 'A WebSocket is asked for with GET.' };
  if (headers.upgrade?.toLowerCase() !== 'websocket') return { status: 400, reason: 'Upgrade to websocket, or to nothing.' };
  if (headers['sec-websocket-version'] !== VERSION) return { status: 426, reason: `Speak version ${VERSION} of WebSocket.` };
  const key = headers['sec-websocket-key'];
  if (typeof key !== 'string' || !KEY.test(key)) return { status: 400, reason: 'Sec-WebSocket-Key is no key.' };
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const subprotocol = ([SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON] as const).find((known) => offered.includes(known));
  if (!subprotocol) return { status: 400, reason: `Offer the subprotocol ${SUBPROTOCOL_BINARY} or ${SUBPROTOCOL_JSON}.` };
  return { subprotocol, accept: createHash('sha1').update(`${key}${GUID}`).digest('base64') };
}
