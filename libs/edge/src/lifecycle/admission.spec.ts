import type { ServerDirectory } from '#libs/fleet';
import type { Sanctions } from '#libs/moderation';
import { type Hello, HoldfastError, PROTOCOL_VERSION, type SessionId } from '#libs/protocol';
import type { RoomRecords, UserRooms } from '#libs/room-store';
import type { Authenticator, PendingAwayMarks, SessionNotices, SessionStore } from '#libs/session';
import type { StoreSettlement } from '#libs/settlement';
import { Metrics } from '#libs/telemetry';
import type { EdgeOptions } from '../edge.options.js';
import { Admission } from './admission.js';
import type { SessionRestorer } from './session-restorer.js';

const hello: Hello = { kind: 'hello', protocol: PROTOCOL_VERSION, session: 's-1' as SessionId, secret: 'secret' };

/** An admission whose store refuses each resume with `code`. */
function newAdmission(
  code: HoldfastError['code'],
  isIncomplete: () => Promise<boolean>,
  metrics = new Metrics({ server: 'hf:gateway:1', level: 'silent', format: 'json' }),
): Admission {
  return new Admission(
    {} as Authenticator,
    { resume: async () => Promise.reject(new HoldfastError(code)) } as unknown as SessionStore,
    {} as SessionNotices,
    {} as UserRooms,
    {} as RoomRecords,
    {} as PendingAwayMarks,
    {} as ServerDirectory,
    { id: 'hf:gateway:1', incarnation: 1 } as never,
    {} as EdgeOptions,
    { whenSettled: async () => {} } as unknown as StoreSettlement,
    { isIncomplete } as unknown as SessionRestorer,
    metrics,
    {} as Sanctions,
  );
}

describe('Admission', () => {
  it.each([
    ['session-unknown', 'refused'],
    ['unavailable', 'unavailable'],
  ] as const)('counts a resume that the store refuses with `%s` as `%s` in the login metric', async (code, result) => {
    const metrics = new Metrics({ server: 'hf:gateway:1', level: 'silent', format: 'json' });
    await expect(newAdmission(code, async () => false, metrics).admit(hello)).rejects.toMatchObject({ code });
    expect((await metrics.logins.counts()).filter(({ value }) => value > 0)).toEqual([{ labels: { result }, value: 1 }]);
  });
});

describe('the resume of a session', () => {
  it('is refused without a request to retry when the session is unknown and the store has lost nothing', async () => {
    const error = await newAdmission('session-unknown', async () => false)
      .admit(hello)
      .catch((refusal) => refusal);
    expect(error).toMatchObject({ code: 'session-unknown', retry: false });
  });

  it('is refused with a request to retry when the session is unknown and the store has just lost data', async () => {
    const error = await newAdmission('session-unknown', async () => true)
      .admit(hello)
      .catch((refusal) => refusal);
    expect(error).toMatchObject({ code: 'unavailable', retry: true, retryAfterMs: 500 });
  });

  it('is refused without a check for lost data when the store refuses with a code other than `session-unknown`', async () => {
    const isIncomplete = jest.fn(async () => true);
    await expect(newAdmission('busy', isIncomplete).admit(hello)).rejects.toMatchObject({ code: 'busy' });
    expect(isIncomplete).not.toHaveBeenCalled();
  });
});
