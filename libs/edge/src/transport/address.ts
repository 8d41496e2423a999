import { isIPv6, type Socket } from 'node:net';

/**
 * Returns the key by which the limits group addresses. All notations of an IPv4 address have the same key. All addresses of an IPv6 /64
 * network have the same key, because they usually belong to one customer. Source: RFC 4291, section 2.5.4.
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const withoutZone = address.split('%', 1)[0]!;
  if (!isIPv6(withoutZone)) return address;
  const groups = groupsOf(withoutZone);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return [groups[6]! >> 8, groups[6]! & 0xff, groups[7]! >> 8, groups[7]! & 0xff].join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** Returns the eight groups of an IPv6 address. The last two may be written as an IPv4 address. */
function groupsOf(address: string): number[] {
  const text = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head, tail = ''] = text.split('::');
  const before = head === '' ? [] : head!.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const gap = text.includes('::') ? Math.max(0, 8 - before.length - after.length) : 0;
  return [...before, ...Array.from({ length: gap }, () => '0'), ...after].map((group) => Number.parseInt(group, 16));
}

/**
 * Returns a text that identifies an open socket by the addresses and ports of its two ends. A TLS socket and the TCP socket below it are
 * two objects with the same text.
 */
export function peerOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress}|${remotePort}|${localPort}`;
}
