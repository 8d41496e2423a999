import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The server's answer to an opening handshake: either the accepted subprotocol and the value of `Sec-WebSocket-Accept`, or a refusal. */
export type UpgradeAnswer<Subprotocol extends string> =
  | { readonly subprotocol: Subprotocol; readonly accept: string }
  | { readonly status: 400 | 405 | 426; readonly reason: string };

/** The constant that a server appends to the key of the client. Source: RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** A key: sixteen bytes in Base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
const VERSION = '13';

/**
 * Returns the answer to the opening handshake of a client. Source: RFC 6455, section 4.2.
 *
 * @param subprotocols the names that the server accepts, in order of preference
 */
export function answerUpgrade<Subprotocol extends string>(
  method: string | undefined,
  headers: IncomingHttpHeaders,
  subprotocols: readonly Subprotocol[],
): UpgradeAnswer<Subprotocol> {
  if (method !== 'GET') return { status: 405, reason: 'A WebSocket handshake must use the method GET.' };
  if (headers.upgrade?.toLowerCase() !== 'websocket') return { status: 400, reason: 'The header Upgrade must be websocket.' };
  if (headers['sec-websocket-version'] !== VERSION) return { status: 426, reason: `The header Sec-WebSocket-Version must be ${VERSION}.` };
  const key = headers['sec-websocket-key'];
  if (typeof key !== 'string' || !KEY.test(key)) return { status: 400, reason: 'The header Sec-WebSocket-Key must be 16 bytes in Base64.' };
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const subprotocol = subprotocols.find((known) => offered.includes(known));
  if (!subprotocol) return { status: 400, reason: `The header Sec-WebSocket-Protocol must offer ${subprotocols.join(' or ')}.` };
  return { subprotocol, accept: createHash('sha1').update(`${key}${GUID}`).digest('base64') };
}
