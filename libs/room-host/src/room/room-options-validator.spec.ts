import type { Self } from '#libs/fleet';
import type { GameRegistry } from '#libs/game-kit';
import type { RoomRules } from '#libs/room';
import type { Log } from '#libs/telemetry';
import { DIRECT_GUARD, type HandlerGuard, OverrunError } from '#libs/watchdog';
import { RoomOptionsValidator } from './room-options-validator.js';

describe('RoomOptionsValidator', () => {
  const logged: unknown[] = [];
  const validator = (options: RoomRules['options'], guard: HandlerGuard = DIRECT_GUARD) =>
    new RoomOptionsValidator(
      { get: (name: string) => (name === 'mine' ? { options } : undefined) } as unknown as GameRegistry,
      guard,
      { id: 'hf:game:1' } as Self,
      { error: (event: string) => void logged.push(event) } as unknown as Log,
    );
  beforeEach(() => {
    logged.length = 0;
  });

  it('returns the reason why the game refuses the options, or null', () => {
    const even: RoomRules['options'] = (data) =>
      (data as { size: number }).size % 2 === 0 ? { ok: true, value: data } : { ok: false, message: 'size: odd' };
    expect(validator(even).flawOf('mine', { size: 3 })).toBe('size: odd');
    expect(validator(even).flawOf('mine', { size: 4 })).toBeNull();
  });

  it('refuses any options for a game without options', () => {
    expect(validator(null).flawOf('mine', {})).toBe('the game mine takes no options');
    expect(() => validator(null).flawOf('other', {})).toThrow(expect.objectContaining({ code: 'unavailable', retry: true }));
  });

  it('throws `game-failed` when the schema throws or the watchdog stops the schema', () => {
    const failed = expect.objectContaining({ code: 'game-failed', retry: false });
    const broken = (): never => {
      throw new Error('broken');
    };
    expect(() => validator(broken).flawOf('mine', {})).toThrow(failed);
    const stopping = {
      subject: () => ({
        run: () => {
          throw new OverrunError('options', 500);
        },
        dispose: () => {},
      }),
      label: () => 1,
    };
    expect(() => validator(broken, stopping as unknown as HandlerGuard).flawOf('mine', {})).toThrow(failed);
    expect(logged).toEqual(['game.failed', 'game.failed']);
  });
});
