import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { opsHeaders } from '#libs/server';
import { serveDashboard } from './dashboard-pages.js';
import { publicPages } from './public-pages.js';

@Module({})
class NothingModule {}

describe('the pages of a gateway', () => {
  let ops: NestExpressApplication;
  let players: Server;
  beforeAll(async () => {
    ops = await NestFactory.create<NestExpressApplication>(NothingModule, { logger: false });
    ops.use(opsHeaders);
    serveDashboard(ops);
    await ops.listen(0, '127.0.0.1');
    players = createServer(publicPages({ auth: 'jwt' }));
    await new Promise<void>((resolve) => players.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await ops.close();
    players.close();
  });

  async function headersOf(url: string) {
    const { headers } = await fetch(url);
    const policy = new Map(
      headers
        .get('content-security-policy')
        ?.split('; ')
        .map((line) => line.split(/ (.*)/, 2) as [string, string]),
    );
    return { policy, sniff: headers.get('x-content-type-options'), referrer: headers.get('referrer-policy') };
  }

  it.each(['/assets/nothing.js', '/api/nothing'])(
    'on the ops port cannot be shown in a frame, and load resources only from the gateway',
    async (path) => {
      const { policy, sniff, referrer } = await headersOf(`${await ops.getUrl()}${path}`);
      expect([policy.get('frame-ancestors'), policy.get('default-src'), policy.get('connect-src')]).toEqual(["'none'", "'self'", "'self'"]);
      expect([policy.has('script-src'), sniff, referrer]).toEqual([false, 'nosniff', 'no-referrer']);
    },
  );

  it('for operators load scripts and styles only from files of the gateway, and are not cached by browsers', async () => {
    const { headers } = await fetch(await ops.getUrl());
    const policy = headers.get('content-security-policy')?.split('; ');
    expect(policy).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]),
    );
    expect(headers.get('cache-control')).toBe('no-cache');
  });

  it('for players get only the authentication method from about.json', async () => {
    const response = await fetch(`http://127.0.0.1:${(players.address() as AddressInfo).port}/about.json`);
    expect(await response.json()).toEqual({ auth: 'jwt' });
  });

  it('for players can connect to other gateways, but only their own origin can show them in a frame', async () => {
    const { policy, sniff } = await headersOf(`http://127.0.0.1:${(players.address() as AddressInfo).port}/`);
    expect(policy.get('connect-src')).toBe("'self' ws: wss:");
    expect([policy.get('frame-ancestors'), policy.get('default-src'), sniff]).toEqual(["'self'", "'self'", 'nosniff']);
  });
});
