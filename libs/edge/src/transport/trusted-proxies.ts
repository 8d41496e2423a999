import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import proxyAddr from 'proxy-addr';
import { EDGE_OPTIONS, type EdgeOptions } from '../edge.options.js';

/**
 * The proxies whose headers this gateway trusts (`TRUSTED_PROXIES`). `X-Forwarded-Host` contains the host that the browser requested.
 * `X-Forwarded-For` contains the addresses from the client to the last proxy. The gateway ignores both headers from any other address.
 */
@Injectable()
export class TrustedProxies {
  private readonly isTrusted: (address: string, hops: number) => boolean;

  constructor(@Inject(EDGE_OPTIONS) { trustedProxies }: Pick<EdgeOptions, 'trustedProxies'>) {
    this.isTrusted = trustedProxies.length === 0 ? () => false : proxyAddr.compile([...trustedProxies]);
  }

  has(address: string | undefined): boolean {
    return address !== undefined && this.isTrusted(address, 0);
  }

  /**
   * Returns the host, with its port, that the browser requested. With several proxies, this is the host that the first proxy received.
   * Undefined: the request has no host.
   */
  hostOf({ headers, socket }: IncomingMessage): string | undefined {
    const forwarded = headers['x-forwarded-host'];
    if (typeof forwarded !== 'string' || !this.has(socket.remoteAddress)) return headers.host;
    return forwarded.split(',', 1)[0]!.trim();
  }

  /**
   * Returns the address of the client: the last address in the chain that is not a trusted proxy. A client can forge only the addresses
   * before its own address in the header.
   */
  addressOf(request: IncomingMessage): string {
    const own = request.socket.remoteAddress ?? 'unknown';
    if (!this.has(request.socket.remoteAddress)) return own;
    const address = proxyAddr(request, this.isTrusted);
    return isIP(address) === 0 ? own : address;
  }
}
