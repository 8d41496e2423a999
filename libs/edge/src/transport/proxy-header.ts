import { isIP } from 'node:net';

/** A PROXY header at the beginning of a connection. */
export interface ProxyHeader {
  /** The address of the client. Null: the header contains no address, for example in a health check of the proxy. */
  readonly address: string | null;
  /** Length of the header, in bytes. */
  readonly bytes: number;
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V1_BEGIN = Buffer.from('PROXY ', 'latin1');
/** Maximum length of a header of version 1, in bytes, with its end of line. */
const V1_BYTES_MAX = 107;
const V2_FIXED_BYTES = 16;
/** Maximum length of a header of version 2, in bytes. Proxies add at most a few hundred bytes of extensions, which the gateway ignores. */
const V2_BYTES_MAX = 2_048;
const LOCAL = 0;
const PROXY = 1;
const FAMILY_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 16 };

/**
 * Reads a PROXY header, version 1 or 2, from the first bytes of a connection. `incomplete`: more bytes are needed. `invalid`: the bytes do
 * not begin with a PROXY header, or the header is too long.
 *
 * Source: "The PROXY protocol, versions 1 & 2" by Willy Tarreau (haproxy.org), sections 2.1 and 2.2.
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  if (begins(bytes, SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? 'incomplete' : parseVersion2(bytes);
  if (begins(bytes, V1_BEGIN)) return parseVersion1(bytes);
  return 'invalid';
}

/** Returns whether `bytes` and `beginning` are equal up to the length of the shorter one. */
function begins(bytes: Buffer, beginning: Buffer): boolean {
  const length = Math.min(bytes.length, beginning.length);
  return bytes.compare(beginning, 0, length, 0, length) === 0;
}

function parseVersion1(bytes: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  const end = bytes.subarray(0, V1_BYTES_MAX).indexOf('\r\n');
  if (end < 0) return bytes.length < V1_BYTES_MAX ? 'incomplete' : 'invalid';
  const [, protocol, source = '', target = '', ...ports] = bytes.toString('latin1', 0, end).split(' ');
  if (protocol === 'UNKNOWN') return { address: null, bytes: end + 2 };
  const family = protocol === 'TCP4' ? 4 : protocol === 'TCP6' ? 6 : null;
  const isValid = isIP(source) === family && isIP(target) === family && ports.length === 2 && ports.every((port) => /^\d{1,5}$/.test(port));
  return isValid ? { address: source, bytes: end + 2 } : 'invalid';
}

function parseVersion2(bytes: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  const [version, command] = [bytes[12]! >> 4, bytes[12]! & 0xf];
  const length = V2_FIXED_BYTES + bytes.readUInt16BE(14);
  if (version !== 2 || command > PROXY || length > V2_BYTES_MAX) return 'invalid';
  if (bytes.length < length) return 'incomplete';
  const family = bytes[13]! >> 4;
  const addressBytes = FAMILY_BYTES[family];
  // The address family is neither IPv4 nor IPv6: for example, the proxy received the connection over a UNIX socket.
  if (command === LOCAL || addressBytes === undefined) return { address: null, bytes: length };
  // The header must be long enough for both addresses and both ports.
  if (length < V2_FIXED_BYTES + 2 * addressBytes + 4) return 'invalid';
  const source = bytes.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + addressBytes);
  return { address: addressBytes === 4 ? source.join('.') : ipv6(source), bytes: length };
}

function ipv6(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(2 * group).toString(16)).join(':');
}
