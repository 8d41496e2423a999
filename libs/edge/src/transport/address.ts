import { isIPv6, type Socket } from 'node:net';

/**
 * Returns the key by which the limits group addresses. All notations of an IPv4 address have the same key. All addresses of an IPv6 /64
 * network have the same key, because they usually belong to one customer. Source: RFC 4291, section 2.5.4.
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const withoutZone = address.split('%', 1)[0]!;
  if (!isIPv6(withoutZone)) return address;
  const [head, tail = ''] = withoutZone.split('::');
  const before = head === '' ? [] : head!.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const gap = withoutZone.includes('::') ? Math.max(0, 8 - before.length - after.length) : 0;
  const network = [...before, ...Array.from({ length: gap }, () => '0'), ...after].slice(0, 4);
  return `${network.map((part) => Number.parseInt(part, 16).toString(16)).join(':')}::/64`;
}

/**
 * Returns a text that identifies an open socket by the addresses and ports of its two ends. A TLS socket and the TCP socket below it are
 * two objects with the same text.
 */
export function peerOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress}|${remotePort}|${localPort}`;
}
