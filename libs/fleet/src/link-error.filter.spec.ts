import type { ArgumentsHost } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import { HoldfastError } from '#libs/protocol';
import type { Log } from '#libs/telemetry';
import { LinkErrorFilter } from './link-error.filter.js';

const rpc = { getType: () => 'rpc' } as unknown as ArgumentsHost;

/** What the asking server is told, and under which event it was logged here. */
async function refusal(error: unknown) {
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const filter = new LinkErrorFilter({ warn: note, error: note } as unknown as Log);
  const told = await lastValueFrom(filter.catch(error, rpc) as NonNullable<ReturnType<LinkErrorFilter['catch']>>).catch((body) => body);
  return { told, logged };
}

describe('what a handler throws, at the link', () => {
  it.each([
    "Stream isn't writeable and enableOfflineQueue options is false",
    'Command timed out',
    "OOM command not allowed when used memory > 'maxmemory'.",
  ])('is `unavailable` where the store has failed (%s)', async (message) => {
    expect(await refusal(new Error(message))).toEqual({
      told: expect.objectContaining({ code: 'unavailable', retry: true, retryAfterMs: 500 }),
      logged: ['request.failed'],
    });
  });

  it('is its own code where it has one', async () => {
    expect(await refusal(new HoldfastError('room-full'))).toEqual({ told: expect.objectContaining({ code: 'room-full' }), logged: [] });
  });

  it('is `internal`, and in the log, where nobody expected it', async () => {
    expect(await refusal(new Error('what?'))).toEqual({ told: expect.objectContaining({ code: 'internal' }), logged: ['request.failed'] });
  });
});
