import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Injectable, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { Extension } from '#libs/extension';
import { HoldfastError, type UserId } from '#libs/protocol';
import { RedisModule } from '#libs/redis';
import type { Log } from '#libs/telemetry';
import { Authenticator, type Identity } from './authenticator.js';
import { GuestAuthenticator } from './guest-authenticator.js';
import { JwtAuthenticator } from './jwt-authenticator.js';
import { PLAYER_NAME_FALLBACK } from './player-name.js';
import { SessionModule } from './session.module.js';
import type { AuthOptions } from './session.options.js';

const SECRET = 'a-secret-of-at-least-thirty-two-bytes';
const SECRET_KEY = new TextEncoder().encode(SECRET);

async function refusal(promise: Promise<unknown>): Promise<HoldfastError> {
  const error = await promise.then(
    () => new Error('no refusal'),
    (thrown) => thrown,
  );
  if (!(error instanceof HoldfastError)) throw error;
  return error;
}

function signed(
  claims: JWTPayload,
  key: CryptoKey | Uint8Array = SECRET_KEY,
  header: { alg: string; kid?: string } = { alg: 'HS256' },
): Promise<string> {
  return new SignJWT({ exp: Math.floor(Date.now() / 1000) + 60, ...claims }).setProtectedHeader(header).sign(key);
}

describe('GuestAuthenticator', () => {
  const authenticator = new GuestAuthenticator();

  it('creates a new user with the given name for each login', async () => {
    const [one, other] = [await authenticator.authenticate({ name: ' Ada ' }), await authenticator.authenticate({ name: 'Ada' })];
    expect(one.name).toBe('Ada');
    expect(one.user).toMatch(/^guest:[\w-]{12}$/);
    expect(other.user).not.toBe(one.user);
  });

  it('accepts a missing name, but refuses a name that cannot be displayed', async () => {
    expect((await authenticator.authenticate({})).name).toBe('guest');
    expect((await refusal(authenticator.authenticate({ name: '\u0007' }))).code).toBe('unauthorized');
  });

  it('accepts emoji in a name', async () => {
    expect((await authenticator.authenticate({ name: 'Ada 👩‍🚀' })).name).toBe('Ada 👩‍🚀');
  });

  it.each([
    ['\u3164', 'The name has the character U+3164, which is not allowed: it is invisible.'],
    [' ', 'The name is empty: it needs at least one visible character.'],
    ['x'.repeat(33), 'The name has 33 characters: at most 32 are allowed.'],
  ])('gives the reason why it refuses the name %j', async (name, message) => {
    expect(await refusal(authenticator.authenticate({ name }))).toMatchObject({ code: 'unauthorized', message });
  });
});

describe('JwtAuthenticator with a shared secret', () => {
  const authenticator = new JwtAuthenticator({ secret: SECRET });

  it('returns the user and the name of the token, and ignores the name in `hello`', async () => {
    const token = await signed({ sub: 'u1', name: 'Ada' });
    expect(await authenticator.authenticate({ token, name: 'Mallory' })).toEqual({ user: 'u1', name: 'Ada' });
  });

  it('returns the user id as the name when the token has no name', async () => {
    expect(await authenticator.authenticate({ token: await signed({ sub: 'u1' }), name: 'Mallory' })).toEqual({ user: 'u1', name: 'u1' });
  });

  it('returns only the claims that the settings name', async () => {
    const choosing = new JwtAuthenticator({ secret: SECRET, claims: ['rank', 'clubs', 'missing'] });
    const token = await signed({ sub: 'u1', rank: 3, clubs: ['a'], email: 'ada@example.org' });
    expect(await choosing.authenticate({ token })).toEqual({ user: 'u1', name: 'u1', claims: { rank: 3, clubs: ['a'] } });
    expect(await choosing.authenticate({ token: await signed({ sub: 'u1' }) })).toEqual({ user: 'u1', name: 'u1' });
  });

  it('refuses a token whose claims are too large', async () => {
    const choosing = new JwtAuthenticator({ secret: SECRET, claims: ['deck'] });
    const token = await signed({ sub: 'u1', deck: 'x'.repeat(2_000) });
    expect(await refusal(choosing.authenticate({ token }))).toMatchObject({
      code: 'unauthorized',
      message: 'The claims of the token have 2011 bytes as JSON: at most 1024 are allowed.',
    });
  });

  it('refuses a login without a token', async () => {
    expect(await refusal(authenticator.authenticate({ name: 'Ada' }))).toMatchObject({
      code: 'unauthorized',
      message: 'The hello has no token: this server requires one.',
    });
  });

  it.each<[string, () => Promise<string> | string, RegExp]>([
    ['that has expired', () => signed({ sub: 'u1', exp: 1 }), /expired/],
    ['that is not valid yet', () => signed({ sub: 'u1', nbf: Date.now() }), /not valid yet/],
    ['that is signed with another key', () => signed({ sub: 'u1' }, new TextEncoder().encode(`${SECRET}!`)), /not signed by a key/],
    ['without an expiry time', () => signed({ sub: 'u1', exp: undefined }), /no expiry time \(exp\).*AUTH_JWT_ALLOW_NO_EXP/],
    [
      'with a text as expiry time',
      () => signed({ sub: 'u1', exp: 'soon' as unknown as number }),
      /claim exp of the token must be a number/,
    ],
    ['without a user', () => signed({ name: 'Ada' }), /has no user/],
    ['with an empty user', () => signed({ sub: '' }), /has no user/],
    ['with a line break in the user', () => signed({ sub: 'u1\n' }), /white space, a control or an invisible character/],
    ['with an invisible user', () => signed({ sub: '\u3164' }), /invisible character/],
    ['with a user that is too long', () => signed({ sub: 'x'.repeat(513) }), /has 513 bytes: at most 512 are allowed/],
    ['with a user that is a number above 2^53 - 1', () => signed({ sub: (2 ** 53) as unknown as string }), /not a safe whole number/],
    ['with a user that is a fraction', () => signed({ sub: 1.5 as unknown as string }), /not a safe whole number/],
    ['with a user that is an object', () => signed({ sub: { id: 1 } as unknown as string }), /must be a string or a whole number/],
    ['that is not a JWT', () => 'not-a-token', /not a valid JWT/],
    ['that is not signed', () => `${base64({ alg: 'none' })}.${base64({ sub: 'u1' })}.`, /algorithm that this server does not accept/],
  ])('refuses a token %s', async (_, token, message) => {
    const error = await refusal(authenticator.authenticate({ token: await token() }));
    expect(error).toMatchObject({ code: 'unauthorized', message: expect.stringMatching(message) });
  });

  it('compares times with the given clock, not with the clock of the machine', async () => {
    const hour = 3_600_000;
    const judge = (aheadMs: number, claims: JWTPayload): Promise<unknown> =>
      signed({ sub: 'u1', ...claims }).then((token) =>
        new JwtAuthenticator({ secret: SECRET }, undefined, () => Date.now() + aheadMs).authenticate({ token }),
      );
    expect(await refusal(judge(hour, {}))).toMatchObject({ message: 'The token has expired.' });
    expect(await refusal(judge(-hour, { nbf: Math.floor(Date.now() / 1000) }))).toMatchObject({ message: 'The token is not valid yet.' });
    expect(await judge(-hour, { exp: Math.floor(Date.now() / 1000) - 60 })).toMatchObject({ user: 'u1' });
  });

  it('accepts a token without an expiry time when the settings do not require an expiry time', async () => {
    const lenient = new JwtAuthenticator({ secret: SECRET, allowNoExp: true });
    expect((await lenient.authenticate({ token: await signed({ sub: 'u1', exp: undefined }) })).user).toBe('u1');
    expect(await refusal(lenient.authenticate({ token: await signed({ sub: 'u1', exp: 1 }) }))).toMatchObject({
      message: 'The token has expired.',
    });
  });

  it.each([
    [42, '42'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ['auth0|4711', 'auth0|4711'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('reads the `sub` %j of a token as the user id %j', async (sub, user) => {
    expect((await authenticator.authenticate({ token: await signed({ sub: sub as string }) })).user).toBe(user);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['is too long', { sub: 'u1', name: 'x'.repeat(40) }, 'x'.repeat(32)],
    ['has invisible characters', { sub: 'u1', name: '\u202eA\u034fda\u200b\u3164' }, 'Ada'],
    ['mixes alphabets', { sub: 'u1', name: '\u0410da' }, '\u0410da'],
    ['has emoji', { sub: 'u1', name: 'Ada 👩‍🚀' }, 'Ada 👩‍🚀'],
    ['is blank', { sub: 'u1', name: '\u3164' }, 'u1'],
    ['is a number', { sub: 'u1', name: 7 }, 'u1'],
    ['is missing and whose user id is long', { sub: 'x'.repeat(100) }, 'x'.repeat(32)],
    ['is blank and whose user is blank', { sub: '\u2800', name: ' ' }, PLAYER_NAME_FALLBACK],
  ])('accepts a token whose name %s, and returns a name that can be displayed', async (_, claims, name) => {
    expect(await authenticator.authenticate({ token: await signed(claims) })).toMatchObject({ name });
  });

  it('refuses a token for an audience that differs from the settings', async () => {
    const strict = new JwtAuthenticator({ secret: SECRET, issuer: 'accounts', audience: 'game' });
    await strict.authenticate({ token: await signed({ sub: 'u1', iss: 'accounts', aud: 'game' }) });
    expect(await refusal(strict.authenticate({ token: await signed({ sub: 'u1', iss: 'accounts', aud: 'shop' }) }))).toMatchObject({
      code: 'unauthorized',
      message: 'The token is not meant for this service (aud).',
    });
  });

  it('refuses a secret that has too few bytes', () => {
    expect(() => new JwtAuthenticator({ secret: 'short' })).toThrow(/at least 32 bytes/);
  });
});

describe('JwtAuthenticator with public keys', () => {
  let server: Server;
  let keys: JWK[] = [];
  let requests = 0;

  beforeEach(async () => {
    keys = [];
    requests = 0;
    server = createServer((_, response) => {
      requests += 1;
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  function jwksUrl(): string {
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  }

  /** Creates a signing key. The key server publishes it unless `published` is false. */
  async function newSigner(kid: string, published = true) {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
    if (published) keys.push(jwk);
    return { jwk, sign: (claims: JWTPayload) => signed(claims, privateKey, { alg: 'ES256', kid }) };
  }

  it('fetches the keys once for many tokens', async () => {
    const { sign } = await newSigner('k1');
    const authenticator = new JwtAuthenticator({ jwksUrl: jwksUrl() });
    for (const sub of ['u1', 'u2', 'u3']) expect((await authenticator.authenticate({ token: await sign({ sub }) })).user).toBe(sub);
    expect(requests).toBe(1);
  });

  it('accepts a token that the issuer signed with a new key', async () => {
    const old = await newSigner('k1');
    const authenticator = new JwtAuthenticator({ jwksUrl: jwksUrl(), jwks: { cooldownMs: 0 } });
    await authenticator.authenticate({ token: await old.sign({ sub: 'u1' }) });
    const next = await newSigner('k2');
    expect((await authenticator.authenticate({ token: await next.sign({ sub: 'u1' }) })).user).toBe('u1');
  });

  it('refuses a token that was signed with a withdrawn key when the fetched keys have expired', async () => {
    const old = await newSigner('k1');
    const authenticator = new JwtAuthenticator({ jwksUrl: jwksUrl(), jwks: { cooldownMs: 0, maxAgeMs: 0 } });
    await authenticator.authenticate({ token: await old.sign({ sub: 'u1' }) });
    keys = [];
    expect((await refusal(authenticator.authenticate({ token: await old.sign({ sub: 'u1' }) }))).code).toBe('unauthorized');
  });

  it('does not fetch the keys again for each token with an unknown key', async () => {
    await newSigner('k1');
    const stranger = await newSigner('k9', false);
    const authenticator = new JwtAuthenticator({ jwksUrl: jwksUrl() });
    for (let count = 0; count < 10; count += 1) {
      expect((await refusal(authenticator.authenticate({ token: await stranger.sign({ sub: 'u1' }) }))).code).toBe('unauthorized');
    }
    expect(requests).toBe(1);
  });

  it('refuses a token that was signed with the public key as a shared secret', async () => {
    const { jwk } = await newSigner('k1');
    const authenticator = new JwtAuthenticator({ jwksUrl: jwksUrl() });
    const forged = await signed({ sub: 'u1' }, new TextEncoder().encode(JSON.stringify(jwk)), { alg: 'HS256', kid: 'k1' });
    expect((await refusal(authenticator.authenticate({ token: forged }))).code).toBe('unauthorized');
  });

  it('answers `unavailable` while the key server does not answer', async () => {
    const { sign } = await newSigner('k1');
    const authenticator = new JwtAuthenticator({ jwksUrl: jwksUrl() });
    const token = await sign({ sub: 'u1' });
    await new Promise((resolve) => server.close(resolve));
    expect(await refusal(authenticator.authenticate({ token }))).toMatchObject({ code: 'unavailable', retry: true });
  });

  it('logs once when the key server becomes unreachable, and once when the key server answers again', async () => {
    const { sign } = await newSigner('k1');
    const said: [string, Record<string, unknown>][] = [];
    const note = (event: string, fields: Record<string, unknown>) => void said.push([event, fields]);
    const authenticator = new JwtAuthenticator({ jwksUrl: jwksUrl() }, { error: note, info: note } as unknown as Log);
    const { host } = new URL(jwksUrl());
    const { port } = server.address() as AddressInfo;
    const token = await sign({ sub: 'u1' });
    await new Promise((resolve) => server.close(resolve));
    for (const shown of [token, token, 'no token', token]) await refusal(authenticator.authenticate({ token: shown }));
    expect(said).toEqual([
      [
        'jwks.unreachable',
        {
          host,
          error: expect.objectContaining({ cause: expect.objectContaining({ code: 'ECONNREFUSED' }) }),
          check: expect.stringContaining('AUTH_JWKS_URL'),
        },
      ],
    ]);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await authenticator.authenticate({ token });
    await authenticator.authenticate({ token });
    expect(said.slice(1)).toEqual([['jwks.back', { host }]]);
  });
});

@Injectable()
@Extension(Authenticator)
class HouseAuthenticator extends Authenticator {
  async authenticate(): Promise<Identity> {
    return { user: 'house' as UserId, name: 'House' };
  }
}

@Injectable()
@Extension(Authenticator)
class OtherAuthenticator extends HouseAuthenticator {}

describe('SessionModule', () => {
  const start = async (auth: AuthOptions, providers: Type[] = []) => {
    const imports = [RedisModule.forRoot({ url: process.env.HOLDFAST_TEST_REDIS_URL as string }), SessionModule.forRoot({ auth })];
    const module = await Test.createTestingModule({ imports, providers }).compile();
    modules.push(module);
    return module;
  };
  const modules: TestingModule[] = [];
  afterEach(() => Promise.all(modules.splice(0).map((module) => module.close())));

  it('authenticates guests with `AUTH=guest`', async () => {
    const module = await start({ kind: 'guest' });
    expect(await module.get(Authenticator).authenticate({ name: 'Ada' })).toMatchObject({ name: 'Ada' });
  });

  it('authenticates by JSON Web Tokens with `AUTH=jwt`', async () => {
    const module = await start({ kind: 'jwt', secret: SECRET });
    await expect(module.get(Authenticator).authenticate({ token: 'none' })).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it.each(['guest', 'extension'] as const)('prefers the authenticator of the application with `AUTH=%s`', async (kind) => {
    const module = await start({ kind }, [HouseAuthenticator]);
    expect(await module.get(Authenticator).authenticate({ name: 'Ada' })).toEqual({ user: 'house', name: 'House' });
  });

  it('makes the start fail when the settings require an authenticator and none exists', async () => {
    const module = await start({ kind: 'extension' });
    await expect(module.init()).rejects.toThrow('AUTH is "extension", but no module of this server has a provider');
  });

  it('makes the start fail when the application has two authenticators', async () => {
    const module = await start({ kind: 'guest' }, [HouseAuthenticator, OtherAuthenticator]);
    await expect(module.init()).rejects.toThrow('HouseAuthenticator and OtherAuthenticator implement Authenticator');
  });
});

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
