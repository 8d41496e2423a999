import { isIPv6, type Socket } from 'node:net';

/**
 * What counts as one address. An IPv4 address is itself, however it is written; of IPv6 it is the network of 64 bits,
 * since whoever has one address there has all of them. Source: RFC 4291, section 2.5.4.
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  const bare = address.split('%', 1)[0];
  if (!isIPv6(bare)) return address;
  const [head, tail = ''] = bare.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const gap = bare.includes('::') ? Math.max(0, 8 - before.length - after.length) : 0;
  const network = [...before, ...Array.from({ length: gap }, () => '0'), ...after].slice(0, 4);
  return `${network.map((part) => Number.parseInt(part, 16).toString(16)).join(':')}::/64`;
}

/** One socket among all that are open: TLS makes a second object of it, with the same two ends. */
export function peerOf({ remoteAddress, remotePort, localPort }: Socket): string {
  return `${remoteAddress}|${remotePort}|${localPort}`;
}
