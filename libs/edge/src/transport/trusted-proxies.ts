import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import forwardedParse from 'forwarded-parse';
import proxyAddr from 'proxy-addr';
import { EDGE_OPTIONS, type EdgeOptions } from '../edge.options.js';

/**
 * The host that the client requested, and the addresses in the header of a request: first the address of the client, then the address of
 * each proxy except the last one.
 */
interface Forwarded {
  readonly addresses: readonly string[];
  readonly host?: string;
}

/**
 * The proxies whose headers this gateway trusts (`TRUSTED_PROXIES`). The setting `FORWARDED_HEADERS` says which headers they write:
 * `Forwarded` (RFC 7239), or `X-Forwarded-For` and `X-Forwarded-Host`. The gateway reads only these headers, because a proxy forwards other
 * headers unchanged from the client. The gateway ignores the headers of a sender that is not a trusted proxy.
 */
@Injectable()
export class TrustedProxies {
  private readonly isTrusted: (address: string, hops: number) => boolean;
  private readonly forwardedOf: (request: IncomingMessage) => Forwarded;

  constructor(@Inject(EDGE_OPTIONS) { trustedProxies, forwardedHeaders }: Pick<EdgeOptions, 'trustedProxies' | 'forwardedHeaders'>) {
    this.isTrusted = trustedProxies.length === 0 ? () => false : proxyAddr.compile([...trustedProxies]);
    this.forwardedOf = forwardedHeaders === 'forwarded' ? standardHeader : customHeaders;
  }

  has(address: string | undefined): boolean {
    return address !== undefined && this.isTrusted(address, 0);
  }

  /**
   * Returns the host, with its port, that the browser requested. With several proxies, this is the host that the first proxy received.
   * Undefined: the request has no host.
   *
   * @param own the address from which the request came
   */
  hostOf(request: IncomingMessage, own = request.socket.remoteAddress): string | undefined {
    return (this.has(own) && this.forwardedOf(request).host) || request.headers.host;
  }

  /**
   * Returns the address of the client: the last address in the chain that is not a trusted proxy. A client can forge only the addresses
   * before its own address in the header.
   *
   * @param own the address from which the request came
   */
  addressOf(request: IncomingMessage, own = request.socket.remoteAddress ?? 'unknown'): string {
    if (!this.has(own)) return own;
    let nearest = own;
    for (const address of this.forwardedOf(request).addresses.toReversed()) {
      // A proxy can write `unknown` or a name instead of an address. The result is then the address of the proxy that wrote this entry.
      if (isIP(address) === 0) return nearest;
      nearest = address;
      if (!this.has(address)) return address;
    }
    return nearest;
  }
}

function customHeaders({ headers }: IncomingMessage): Forwarded {
  const host = headers['x-forwarded-host'];
  return {
    addresses: listOf(headers['x-forwarded-for']),
    ...(typeof host === 'string' && { host: host.split(',', 1)[0]!.trim() }),
  };
}

function standardHeader({ headers }: IncomingMessage): Forwarded {
  try {
    const hops = forwardedParse(headers.forwarded ?? '');
    const host = hops[0]?.host;
    return { addresses: hops.map((hop) => withoutPort(hop.for ?? '')), ...(host !== undefined && { host }) };
  } catch {
    return { addresses: [] };
  }
}

function listOf(header: string | readonly string[] | undefined): string[] {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  return text
    .split(',')
    .map((address) => withoutPort(address.trim()))
    .filter((address) => address !== '');
}

/** Returns an address without its port and brackets: `192.0.2.1` for `192.0.2.1:4711`, and `2001:db8::1` for `[2001:db8::1]:4711`. */
function withoutPort(address: string): string {
  return /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address)?.[1] ?? address;
}
