import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { HoldfastError, type UserId } from '#libs/protocol';
import type { Log } from '#libs/telemetry';
import { Authenticator, type Credentials, type Identity } from './authenticator.js';
import { shownPlayerName } from './player-name.js';

/** Either a secret shared with whoever signs (HS256), or where the public keys of the signer are. */
export type JwtKeySource = ({ readonly secret: string } | { readonly jwksUrl: string; readonly jwks?: JwksTiming }) & JwtExpectations;

/** What a token must say besides being signed; absent: anything. */
export interface JwtExpectations {
  readonly issuer?: string;
  readonly audience?: string;
  /** Accepts tokens without `exp`. Such a token works until its key is withdrawn, also for whoever stole it. Default: false. */
  readonly allowNoExp?: boolean;
}

export interface JwksTiming {
  /** An unknown key makes the keys be fetched again, but not more often than this, in ms: a flood of bad tokens is no flood of requests. */
  readonly cooldownMs?: number;
  /** Keys are fetched again after this, in ms, so that a withdrawn one stops working. */
  readonly maxAgeMs?: number;
  /** A signer that does not answer within this, in ms, is unavailable. */
  readonly timeoutMs?: number;
}

/** HS256 is as strong as its secret: shorter ones can be guessed offline from one token. */
const SECRET_BYTES_MIN = 32;
/** Never a symmetric algorithm: a public key would then pass as the secret. */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
/** The clocks of the issuer and of the store may differ by this. That of the gateway's host has no part in it. */
const CLOCK_TOLERANCE_S = 5;
const JWKS_COOLDOWN_MS = 30_000;
const JWKS_MAX_AGE_MS = 600_000;
const JWKS_TIMEOUT_MS = 3_000;
/** In UTF-8: it is part of a key of the store. OpenID Connect allows 255 ASCII characters. */
const SUBJECT_BYTES_MAX = 512;
/** Not in a key of the store, nor in a log line: white space, control and invisible characters, halves of characters. */
const NOT_IN_SUBJECT = /[\p{C}\p{Default_Ignorable_Code_Point}\s]/u;

/**
 * A token says who it is. `sub` is the user: a string, or a whole number, which is the same user as its decimal text.
 * `name` is the name that others see, cleaned and shortened, since its user cannot change it. Without one, or when
 * nothing of it can be shown, they see `sub`.
 */
export class JwtAuthenticator extends Authenticator {
  private readonly key: Uint8Array | JWTVerifyGetKey;
  private readonly options: JWTVerifyOptions;
  private readonly jwksHost: string;

  private isKeyless = false;

  /** @param now by which `exp` and `nbf` are judged, in ms since 1970: the store's time, so that all gateways say the same. */
  constructor(
    source: JwtKeySource,
    private readonly log?: Log,
    private readonly now: () => number = Date.now,
  ) {
    super();
    this.jwksHost = 'secret' in source ? '' : new URL(source.jwksUrl).host;
    const expectations = {
      issuer: source.issuer,
      audience: source.audience,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: source.allowNoExp ? [] : ['exp'],
    };
    if ('secret' in source) {
      this.key = new TextEncoder().encode(source.secret);
      if (this.key.length < SECRET_BYTES_MIN) throw new Error(`the secret for JWTs needs at least ${SECRET_BYTES_MIN} bytes`);
      this.options = { ...expectations, algorithms: ['HS256'] };
    } else {
      this.key = createRemoteJWKSet(new URL(source.jwksUrl), {
        cooldownDuration: source.jwks?.cooldownMs ?? JWKS_COOLDOWN_MS,
        cacheMaxAge: source.jwks?.maxAgeMs ?? JWKS_MAX_AGE_MS,
        timeoutDuration: source.jwks?.timeoutMs ?? JWKS_TIMEOUT_MS,
      });
      this.options = { ...expectations, algorithms: PUBLIC_KEY_ALGORITHMS };
    }
  }

  async authenticate({ token }: Credentials): Promise<Identity> {
    if (!token) throw new HoldfastError('unauthorized', 'A token is needed.');
    const { sub, name } = await this.verify(token);
    const user = userOf(sub);
    return { user, name: shownPlayerName(name, user) };
  }

  private async verify(token: string): Promise<JWTPayload> {
    const { key } = this;
    const options = { ...this.options, currentDate: new Date(this.now()) };
    try {
      // Two calls, because the two kinds of key are two overloads.
      const { payload } = typeof key === 'function' ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options);
      this.keysAre(true);
      return payload;
    } catch (cause) {
      const refused = refusal(cause);
      // A refusal says nothing about the keys: a token may be refused before they are asked for.
      if (refused.code === 'unavailable') this.keysAre(false, cause);
      throw refused;
    }
  }

  /** Said once when the keys cannot be had, and once when they can again: logins come by the thousand. */
  private keysAre(there: boolean, cause?: unknown): void {
    if (there !== this.isKeyless) return;
    this.isKeyless = !there;
    if (there) return this.log?.info('jwks.back', { host: this.jwksHost });
    this.log?.error('jwks.unreachable', {
      host: this.jwksHost,
      error: sentenceOf(cause),
      check: 'that AUTH_JWKS_URL is right, that its host is resolved and reached from here, and that it answers with a JSON Web Key Set',
    });
  }
}

/** @param sub as the token has it: the type of `JWTPayload` is a promise of the standard, which issuers break. */
function userOf(sub: unknown): UserId {
  if (sub === undefined || sub === null || sub === '') throw new HoldfastError('unauthorized', 'The token names no user (sub).');
  if (typeof sub === 'number' && !Number.isSafeInteger(sub)) {
    const allowed = 'a number must be whole and at most 2^53 - 1, so that no digit is lost; the issuer can send it as a string';
    throw new HoldfastError('unauthorized', `The user (sub) of the token is no safe whole number: ${allowed}.`);
  }
  if (typeof sub !== 'string' && typeof sub !== 'number')
    throw new HoldfastError('unauthorized', 'The user (sub) of the token must be a string or a whole number.');
  const user = String(sub);
  const bytes = Buffer.byteLength(user);
  if (bytes > SUBJECT_BYTES_MAX)
    throw new HoldfastError('unauthorized', `The user (sub) of the token has ${bytes} bytes: at most ${SUBJECT_BYTES_MAX} are allowed.`);
  if (NOT_IN_SUBJECT.test(user))
    throw new HoldfastError('unauthorized', 'The user (sub) of the token has white space, a control or an invisible character.');
  return user as UserId;
}

function claimFlaw({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (claim === 'exp' && reason === 'missing')
    return 'The token has no time of expiry (exp): the issuer must set one, or the operator AUTH_JWT_ALLOW_NO_EXP.';
  if (reason === 'invalid') return `The claim ${claim} of the token must be a number.`;
  if (claim === 'nbf' || claim === 'iat') return 'The token is not valid yet.';
  return `The token is not meant for this service (${claim}).`;
}

/** Says what is wrong with a token, and never what is in it. */
function refusal(cause: unknown): HoldfastError {
  const code = (cause as { code?: unknown } | null)?.code;
  switch (code) {
    case errors.JWTExpired.code:
      return new HoldfastError('unauthorized', 'The token has expired.', { cause });
    case errors.JWTClaimValidationFailed.code:
      return new HoldfastError('unauthorized', claimFlaw(cause as errors.JWTClaimValidationFailed), { cause });
    case errors.JWSSignatureVerificationFailed.code:
    case errors.JWKSNoMatchingKey.code:
    case errors.JWKSMultipleMatchingKeys.code:
      return new HoldfastError('unauthorized', 'The token is not signed by a key that is accepted here.', { cause });
    case errors.JOSEAlgNotAllowed.code:
      return new HoldfastError('unauthorized', 'The token is signed in a way that is not accepted here.', { cause });
    case errors.JWTInvalid.code:
    case errors.JWSInvalid.code:
    case errors.JOSENotSupported.code:
      return new HoldfastError('unauthorized', 'The token is not a valid JWT.', { cause });
    default:
      // The keys could not be fetched: that is nobody's fault who stands at the door.
      return new HoldfastError('unavailable', 'Tokens cannot be checked right now.', { cause });
  }
}

/** What fetch says is "fetch failed"; why, stands beneath. */
function sentenceOf(cause: unknown): string {
  const { message, cause: beneath } = cause as { message?: string; cause?: { message?: string; code?: string } };
  return [message, beneath?.code ?? beneath?.message].filter(Boolean).join(': ') || String(cause);
}
