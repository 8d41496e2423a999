import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { GatewayService } from '#libs/edge';
import { ServerRegistration } from '#libs/fleet';
import { Links, LinkTransport } from '#libs/link';
import { RedisConnections } from '#libs/redis';
import { readSettings } from '#libs/settings';
import { GatewayServerModule } from '../../../libs/server-kit/src/gateway/gateway-server.module.js';

export const LINK_SECRET = 'the link secret of the fuzzer';
export const ADMIN_TOKEN = 'the admin token of the fuzzer';

/** The modules of a gateway in this process, with all ports on loopback. A crash of the gateway crashes the fuzzer. */
export interface Gateway {
  readonly webSocketPort: number;
  readonly tcpPort: number;
  readonly linkPort: number;
  readonly opsUrl: URL;
  close(): Promise<void>;
}

export async function startGateway(redisUrl: string): Promise<Gateway> {
  const many = String(1_000_000);
  const settings = readSettings('gateway', {
    REDIS_URL: redisUrl,
    SERVER_NAME: 'fuzzed',
    LINK_SECRET,
    ADMIN_TOKEN,
    PUBLIC_HOST: '127.0.0.1',
    PUBLIC_PORT: '0',
    TCP_PORT: '0',
    OPS_PORT: '0',
    AUTH: 'guest',
    LOG_LEVEL: 'silent',
    // The limits per address are high, because all connections come from one address. Other tests check these limits.
    CONNECTIONS_PER_ADDRESS: many,
    CONNECTIONS_MAX: many,
    FRAME_BYTES_MAX: '4096',
    MESSAGES_PER_SECOND: many,
    MESSAGES_BURST: many,
    // The TTL of sessions is short, so that sessions of closed connections expire while the fuzzer runs.
    SEAT_GRACE_MS: '1000',
    SESSION_TTL_MS: '10000',
  });
  const app = await NestFactory.create<NestExpressApplication>(GatewayServerModule.forRoot(settings), {
    logger: false,
    abortOnError: false,
  });
  await app.get(RedisConnections).ready();
  const linkPort = await app.get(Links).listen();
  app.connectMicroservice({ strategy: new LinkTransport(app.get(Links)) }, { inheritAppConfig: true });
  await app.startAllMicroservices();
  await app.listen(0, '127.0.0.1');
  const opsUrl = new URL(await app.getUrl());
  const registration = app.get(ServerRegistration);
  await registration.register({ linkHost: '127.0.0.1', linkPort, opsHost: '127.0.0.1', opsPort: Number(opsUrl.port) });
  const gateway = app.get(GatewayService);
  await gateway.open();
  await registration.setState('ready');
  return {
    webSocketPort: gateway.ports.websocket,
    tcpPort: gateway.ports.tcp,
    linkPort,
    opsUrl,
    async close() {
      await gateway.close();
      await registration.leave();
      await app.close();
    },
  };
}
