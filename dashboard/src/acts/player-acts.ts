import { answerOf, api } from '../api/client.js';
import type { PlayerDetail } from '../api/types.js';
import type { Act, Target } from './act.js';

type Facts = Pick<PlayerDetail, 'user' | 'name'> & {
  readonly hasSession: boolean;
  readonly isBanned?: boolean;
  readonly isMuted?: boolean;
};

/** Returns the acts that make sense for a player now. */
export function playerActs(player: Facts): Act[] {
  return [
    ...(player.hasSession ? [kick(player)] : []),
    player.isMuted ? unmute(player) : mute(player),
    player.isBanned ? unban(player) : ban(player),
  ];
}

function kick(player: Facts): Act {
  return {
    verb: 'Kick',
    title: `Kick ${nameOf(player)}?`,
    details: 'The session ends, and the player leaves the room. The player may log in again.',
    isDangerous: true,
    targets: targetOf(player, async (user, { note }) => {
      const { kicked } = await answerOf(api.POST('/api/players/{user}/kick', { params: { path: { user } }, body: { note } }));
      return kicked ? 'is kicked.' : 'had no session.';
    }),
  };
}

function ban(player: Facts): Act {
  return {
    verb: 'Ban',
    title: `Ban ${nameOf(player)}?`,
    details: 'The session ends, and every login of this user is refused. A guest is a new user at each login.',
    isDangerous: true,
    asksForEnd: true,
    targets: targetOf(player, async (user, { note, until }) => {
      await answerOf(api.POST('/api/players/{user}/ban', { params: { path: { user } }, body: { note, until } }));
      return 'is banned.';
    }),
  };
}

export function unban(player: Pick<Facts, 'user' | 'name'>): Act {
  return {
    verb: 'Lift the ban',
    title: `Lift the ban of ${nameOf(player)}?`,
    details: 'The user may log in again.',
    targets: targetOf(player, async (user, { note }) => {
      const { lifted } = await answerOf(api.DELETE('/api/players/{user}/ban', { params: { path: { user }, query: { note } } }));
      return lifted ? 'may log in again.' : 'was not banned.';
    }),
  };
}

function mute(player: Facts): Act {
  return {
    verb: 'Mute',
    title: `Mute ${nameOf(player)}?`,
    details: 'Every chat message of this user is refused, in all rooms and lobbies.',
    asksForEnd: true,
    targets: targetOf(player, async (user, { note, until }) => {
      await answerOf(api.POST('/api/players/{user}/mute', { params: { path: { user } }, body: { note, until } }));
      return 'is muted.';
    }),
  };
}

export function unmute(player: Pick<Facts, 'user' | 'name'>): Act {
  return {
    verb: 'Lift the mute',
    title: `Lift the mute of ${nameOf(player)}?`,
    details: 'The user may write in chats again.',
    targets: targetOf(player, async (user, { note }) => {
      const { lifted } = await answerOf(api.DELETE('/api/players/{user}/mute', { params: { path: { user }, query: { note } } }));
      return lifted ? 'may write in chats again.' : 'was not muted.';
    }),
  };
}

function targetOf(
  player: Pick<Facts, 'user' | 'name'>,
  run: (user: string, input: Parameters<Target['run']>[0]) => Promise<string>,
): Target[] {
  return [{ key: player.user, label: nameOf(player), run: (input) => run(player.user, input) }];
}

function nameOf({ user, name }: Pick<Facts, 'user' | 'name'>): string {
  return name || user;
}
