import type { ArgumentsHost } from '@nestjs/common';
import { lastValueFrom } from 'rxjs';
import { HoldfastError } from '#libs/protocol';
import type { Log } from '#libs/telemetry';
import { LinkErrorFilter } from './link-error.filter.js';

const rpc = { getType: () => 'rpc' } as unknown as ArgumentsHost;

/** Returns the error body for the other server, and the log events of this server. */
async function refusal(error: unknown) {
  const logged: string[] = [];
  const note = (event: string) => void logged.push(event);
  const filter = new LinkErrorFilter({ warn: note, error: note } as unknown as Log);
  const answer = await lastValueFrom(filter.catch(error, rpc) as NonNullable<ReturnType<LinkErrorFilter['catch']>>).catch((body) => body);
  return { answer, logged };
}

describe('the error filter of link handlers', () => {
  it.each([
    "Stream isn't writeable and enableOfflineQueue options is false",
    'Command timed out',
    "OOM command not allowed when used memory > 'maxmemory'.",
  ])('answers `unavailable` for a failure of the store (%s)', async (message) => {
    expect(await refusal(new Error(message))).toEqual({
      answer: expect.objectContaining({ code: 'unavailable', retry: true, retryAfterMs: 500 }),
      logged: ['request.failed'],
    });
  });

  it('answers a `HoldfastError` with its code, without a log line', async () => {
    expect(await refusal(new HoldfastError('room-full'))).toEqual({ answer: expect.objectContaining({ code: 'room-full' }), logged: [] });
  });

  it('answers `internal` to an unexpected error, and logs the error', async () => {
    expect(await refusal(new Error('what?'))).toEqual({
      answer: expect.objectContaining({ code: 'internal' }),
      logged: ['request.failed'],
    });
  });
});
