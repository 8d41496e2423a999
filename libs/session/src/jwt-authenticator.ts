import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { checkClaims, HoldfastError, type UserId } from '#libs/protocol';
import type { Log } from '#libs/telemetry';
import { Authenticator, type Identity, type LoginProof } from './authenticator.js';
import { shownPlayerName } from './player-name.js';

/** The key of the issuer: either the secret with which the issuer signs (HS256), or the URL of its public keys. */
export type JwtKeySource = ({ readonly secret: string } | { readonly jwksUrl: string; readonly jwks?: JwksTiming }) & JwtExpectations;

/** Values of claims that a token must have in addition to a valid signature. An absent property allows any value. */
export interface JwtExpectations {
  readonly issuer?: string;
  readonly audience?: string;
  /** True: accepts tokens without `exp`. A stolen token without `exp` can be used until its key is withdrawn. Default: false. */
  readonly allowNoExp?: boolean;
  /** Names of the claims of a token that become the claims of the user. A token may lack some of them. Default: none. */
  readonly claims?: readonly string[];
}

export interface JwksTiming {
  /**
   * Minimum time between two fetches of the keys, in ms. The gateway fetches the keys when a token has an unknown key. Without this limit,
   * a flood of bad tokens would cause a flood of requests to the issuer.
   */
  readonly cooldownMs?: number;
  /** Time after which the gateway fetches the keys again, in ms. After this time, it no longer accepts a withdrawn key. */
  readonly maxAgeMs?: number;
  /** Time limit for a fetch of the keys, in ms. */
  readonly timeoutMs?: number;
}

/** Minimum length of the shared secret, in bytes. An attacker who has a token can guess a shorter secret offline. */
const SECRET_BYTES_MIN = 32;
/**
 * Accepted algorithms of public keys. A symmetric algorithm is not accepted, because an attacker could sign a token with the public key as
 * the secret.
 */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
/** Allowed difference between the clocks of the issuer and the store, in s. The clock of the gateway's machine is not involved. */
const CLOCK_TOLERANCE_S = 5;
const JWKS_COOLDOWN_MS = 30_000;
const JWKS_MAX_AGE_MS = 600_000;
const JWKS_TIMEOUT_MS = 3_000;
/** Maximum length of `sub`, in bytes of UTF-8, because it becomes part of a Redis key. OpenID Connect allows 255 ASCII characters. */
const SUBJECT_BYTES_MAX = 512;
/**
 * Characters that must not appear in a Redis key or a log line: white space, control characters, invisible characters and lone surrogates.
 */
const NOT_IN_SUBJECT = /[\p{C}\p{Default_Ignorable_Code_Point}\s]/u;

/**
 * Reads the identity from a signed token. `sub` identifies the user: a string, or a whole number, which is the same user as its decimal
 * text. `name` is the name that other players see. A bad name is cleaned and shortened and not refused, because the player cannot change
 * it. Other players see `sub` when no valid name is left.
 */
export class JwtAuthenticator extends Authenticator {
  private readonly key: Uint8Array | JWTVerifyGetKey;
  private readonly options: JWTVerifyOptions;
  private readonly claims: readonly string[];
  private readonly jwksHost: string;

  private isKeyless = false;

  /** @param now the time against which `exp` and `nbf` are checked, in ms since 1970: store time, so that all gateways agree. */
  constructor(
    source: JwtKeySource,
    private readonly log?: Log,
    private readonly now: () => number = Date.now,
  ) {
    super();
    this.claims = source.claims ?? [];
    this.jwksHost = 'secret' in source ? '' : new URL(source.jwksUrl).host;
    const expectations = {
      issuer: source.issuer,
      audience: source.audience,
      clockTolerance: CLOCK_TOLERANCE_S,
      requiredClaims: source.allowNoExp ? [] : ['exp'],
    };
    if ('secret' in source) {
      this.key = new TextEncoder().encode(source.secret);
      if (this.key.length < SECRET_BYTES_MIN)
        throw new Error(`The secret for JWTs has ${this.key.length} bytes: it must have at least ${SECRET_BYTES_MIN} bytes.`);
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

  async authenticate({ token }: LoginProof): Promise<Identity> {
    if (!token) throw new HoldfastError('unauthorized', 'The hello has no token: this server requires one.');
    const payload = await this.verify(token);
    const user = userOf(payload.sub);
    const checked = checkClaims(this.chosenClaims(payload));
    if ('flaw' in checked) throw new HoldfastError('unauthorized', `The claims of the token ${checked.flaw}.`);
    const { claims } = checked;
    return { user, name: shownPlayerName(payload.name, user), ...(claims && { claims }) };
  }

  private chosenClaims(payload: JWTPayload): unknown {
    const present = this.claims.filter((name) => Object.hasOwn(payload, name));
    return Object.fromEntries(present.map((name) => [name, payload[name]]));
  }

  private async verify(token: string): Promise<JWTPayload> {
    const { key } = this;
    const options = { ...this.options, currentDate: new Date(this.now()) };
    try {
      // The two calls are identical. TypeScript needs both, one for each overload of `jwtVerify`.
      const { payload } = typeof key === 'function' ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options);
      this.keysAre(true);
      return payload;
    } catch (cause) {
      const refused = refusal(cause);
      // Only `unavailable` shows that the keys are unreachable. Any other refusal shows nothing about the keys, because jose can refuse a
      // token before it fetches the keys.
      if (refused.code === 'unavailable') this.keysAre(false, cause);
      throw refused;
    }
  }

  /** Logs one line when the keys become unreachable and one line when they are reachable again, instead of a line for each login. */
  private keysAre(there: boolean, cause?: unknown): void {
    if (there !== this.isKeyless) return;
    this.isKeyless = !there;
    if (there) return this.log?.info('jwks.back', { host: this.jwksHost });
    this.log?.error('jwks.unreachable', {
      host: this.jwksHost,
      error: cause,
      check: 'whether AUTH_JWKS_URL is correct, its host can be resolved and reached from this machine, and it returns a JSON Web Key Set',
    });
  }
}

/**
 * Returns the user that `sub` names.
 *
 * @param sub any value, because some issuers break the standard, which says that `sub` is a string
 * @throws `unauthorized` when `sub` is missing or cannot be a user id
 */
function userOf(sub: unknown): UserId {
  if (sub === undefined || sub === null || sub === '') throw new HoldfastError('unauthorized', 'The token has no user (sub).');
  if (typeof sub === 'number' && !Number.isSafeInteger(sub)) {
    const allowed = 'a number must be whole and at most 2^53 - 1, so that no digit is lost. The issuer can send it as a string';
    throw new HoldfastError('unauthorized', `The user (sub) of the token is not a safe whole number: ${allowed}.`);
  }
  if (typeof sub !== 'string' && typeof sub !== 'number')
    throw new HoldfastError('unauthorized', 'The user (sub) of the token must be a string or a whole number.');
  const user = String(sub);
  const bytes = Buffer.byteLength(user);
  if (bytes > SUBJECT_BYTES_MAX)
    throw new HoldfastError('unauthorized', `The user (sub) of the token has ${bytes} bytes: at most ${SUBJECT_BYTES_MAX} are allowed.`);
  if (NOT_IN_SUBJECT.test(user))
    throw new HoldfastError('unauthorized', 'The user (sub) of the token contains white space, a control or an invisible character.');
  return user as UserId;
}

function claimFlaw({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (claim === 'exp' && reason === 'missing')
    return 'The token has no expiry time (exp): the issuer must set one, or the operator must set AUTH_JWT_ALLOW_NO_EXP.';
  if (reason === 'invalid') return `The claim ${claim} of the token must be a number.`;
  if (claim === 'nbf' || claim === 'iat') return 'The token is not valid yet.';
  return `The token is not meant for this service (${claim}).`;
}

/**
 * Turns an error of the library `jose` into a refusal. The message of the refusal describes the problem without the content of the token.
 */
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
      return new HoldfastError('unauthorized', 'The token is not signed by a key that this server accepts.', { cause });
    case errors.JOSEAlgNotAllowed.code:
      return new HoldfastError('unauthorized', 'The token uses a signature algorithm that this server does not accept.', { cause });
    case errors.JWTInvalid.code:
    case errors.JWSInvalid.code:
    case errors.JOSENotSupported.code:
      return new HoldfastError('unauthorized', 'The token is not a valid JWT.', { cause });
    default:
      // The gateway could not fetch the keys, so the player may try again.
      return new HoldfastError('unavailable', 'Tokens cannot be checked now: try again later.', { cause });
  }
}
