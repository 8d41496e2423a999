import { connect, HoldfastError } from '#libs/client/node';
import { patiently } from '../../players/src/player.js';
import { trustIn } from '../../players/src/trust.js';
import type { Kind, Plan, World } from './faults.js';
import { pause, until } from './until.js';

const SLOW_MS = [2_000, 8_000] as const;
const TAKEN_OVER_MS = 15_000;

/** Returns the faults of players: faults of their connections, and second logins. */
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

/** Plans a fault in which one player reads no data for some seconds, but still sends data. */
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

/**
 * Plans to resume a session over a second connection. The gateway must then close the first connection, and the second connection must have
 * the same user.
 */
function secondLogin({ fleet, chance, findings }: World): Plan {
  const turn = chance.whole(0, fleet.gatewayUrls.length - 1);
  const trust = trustIn(fleet.certificate);
  const urls = [...fleet.gatewayUrls.slice(turn), ...fleet.gatewayUrls.slice(0, turn)];
  return {
    what: 'a session is resumed while it is connected',
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
            findings.violation('a session had two connections: the first one was not closed after the second one resumed it'),
          );
          if (second.user !== first.user) findings.violation(`a session was resumed as another user: ${second.user}, not ${first.user}`);
          const me = await patiently(() => second.me());
          if (me.room?.id !== room.id) findings.violation(`after the second login the user is in room ${me.room?.id}, not in ${room.id}`);
        } finally {
          second.close();
        }
      } catch (error) {
        // If another fault has made the first client resume the session in the meantime, the gateway refuses the second connection, because
        // each resume issues a new secret.
        findings.count(`second-login:${error instanceof HoldfastError ? error.code : String(error)}`);
      } finally {
        first.close();
      }
    },
  };
}
