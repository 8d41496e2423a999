import { connect, HoldfastError } from '#libs/client';
import { patiently } from '../../players/src/player.js';
import { trustIn } from '../../players/src/trust.js';
import type { Kind, Plan, World } from './faults.js';
import { pause, until } from './until.js';

const SLOW_MS = [2_000, 8_000] as const;
const TAKEN_OVER_MS = 15_000;

/** What befalls players, and what they do themselves. */
export function playerFaults(world: World): Kind[] {
  const { fleet, chance } = world;
  const onAWire = (plan: () => Plan) => (): Plan | null => (fleet.wires.count === 0 ? null : plan());
  return [
    {
      name: 'cut-client',
      weight: 3,
      isOfPlayers: true,
      plan: onAWire(() => ({ what: 'one player', act: async () => fleet.wires.cutOne(chance) })),
    },
    {
      name: 'silence-client',
      weight: 2,
      isOfPlayers: true,
      plan: onAWire(() => ({ what: 'one player', act: async () => fleet.wires.silenceOne(chance) })),
    },
    { name: 'slow-client', weight: 2, isOfPlayers: true, plan: onAWire(() => slow(world)) },
    { name: 'second-login', weight: 1, isOfPlayers: true, plan: () => secondLogin(world) },
  ];
}

/** A player who sends, and reads nothing for a while. */
function slow({ fleet, chance }: World): Plan {
  const ms = chance.between(...SLOW_MS);
  return {
    what: `one player reads nothing for ${Math.round(ms)} ms`,
    act: async () => {
      const readAgain = fleet.wires.holdOne(chance);
      await pause(ms);
      readAgain?.();
    },
  };
}

/** A session is resumed from elsewhere while it is played: the first is told so, and is out; the second is who it was. */
function secondLogin({ fleet, chance, findings }: World): Plan {
  const turn = chance.whole(0, fleet.gatewayUrls.length - 1);
  const trust = trustIn(fleet.certificate);
  const urls = [...fleet.gatewayUrls.slice(turn), ...fleet.gatewayUrls.slice(0, turn)];
  return {
    what: 'somebody who comes twice',
    act: async () => {
      const first = await patiently(() => connect(urls, { name: 'twin', ...trust }));
      const ends: string[] = [];
      first.on('closed', (error) => ends.push(error?.code ?? 'closed'));
      try {
        const room = await patiently(() => first.createRoom({ game: 'chain', private: true }));
        const { session, secret } = first.credentials;
        const second = await connect(urls.toReversed(), { session, secret, ...trust });
        try {
          await until(() => ends.length > 0, TAKEN_OVER_MS).catch(() =>
            findings.violation('a player went on in two places: the first was not told that there is a second'),
          );
          if (second.user !== first.user) findings.violation(`a session was resumed as another user: ${second.user}, not ${first.user}`);
          const me = await patiently(() => second.me());
          if (me.room?.id !== room.id) findings.violation(`who came twice is in room ${me.room?.id}, not in ${room.id}`);
        } finally {
          second.close();
        }
      } catch (error) {
        // A fault beside this one: the first had to resume by itself, and its secret is another by now.
        findings.count(`second-login:${error instanceof HoldfastError ? error.code : String(error)}`);
      } finally {
        first.close();
      }
    },
  };
}
