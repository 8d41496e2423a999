import { compact } from '#libs/client/compact';
import {
  applyPatches,
  decodeServerMessage,
  encodePlayerMessage,
  HEADER,
  KIND,
  SUBPROTOCOL_BINARY,
  SUBPROTOCOL_COMPACT,
} from '#libs/protocol';
import { FULL_TURN, type Ship } from '../../real-time/world.js';
import type { Tally } from '../crowd.js';
import { play } from '../games.js';
import { Player } from '../player.js';
import { type Address, PLAY, Wire } from '../wire.js';
import type { EnterRoom, Pilot, Sight } from './pilot.js';

const COMPACT: Address = { ...PLAY, subprotocol: `${SUBPROTOCOL_COMPACT}, ${SUBPROTOCOL_BINARY}` };
/** Players of one room that connect at the same time. */
const AT_ONCE = 16;

const NO_TALLY: Tally = { acknowledged() {}, delivered() {} };

let names = 0;

/** Players of Holdfast over WebSocket, in the compact form if the gateway knows it. */
export const enterHoldfast: EnterRoom = async (port, game, seats, sights) => {
  const players: Player[] = [];
  while (players.length < seats) {
    const wave = Array.from({ length: Math.min(AT_ONCE, seats - players.length) }, () =>
      Player.enter(`pilot-${process.pid}-${names++}`, 'ws', [port], NO_TALLY, COMPACT),
    );
    players.push(...(await Promise.all(wave)));
  }
  for (const [index, player] of players.entries()) {
    const sight = sights[index];
    player.onSync = sight ? reader(player, sight) : () => {};
  }
  await play(players, game);
  return players.map((player) => new HoldfastPilot(player));
};

/** The input of each direction. Each pilot writes its own number into a copy. */
const INPUTS = Array.from({ length: FULL_TURN }, (_, direction) => encodePlayerMessage({ kind: 'input', number: 0, data: direction }));
const FRAMES = INPUTS.map((input) => Wire.framed('ws', input));
const NUMBER_AT = Wire.headBytes('ws', INPUTS[0].length) + HEADER.input.number;

class HoldfastPilot implements Pilot {
  private number = 0;

  constructor(private readonly player: Player) {}

  get wire(): Wire {
    return this.player.wire;
  }

  steer(direction: number): void {
    this.number += 1;
    const bytes = Buffer.from(FRAMES[direction]);
    bytes.writeUInt32BE(this.number, NUMBER_AT);
    this.wire.write(bytes);
  }

  close(): void {
    this.player.close();
  }
}

/**
 * Returns a reader of all syncs, which passes the player's ship to `sight` after each. A sync that is based on another version throws,
 * which ends the measurement.
 */
function reader(player: Player, sight: Sight): (frame: Buffer) => void {
  let state: unknown;
  let version = -1;
  return (frame) => {
    if (frame[0] === KIND.compact) {
      const sync = compact.read(frame);
      state = sync.next(state, version);
      version = sync.version;
    } else {
      const sync = decodeServerMessage(frame) as Extract<ReturnType<typeof decodeServerMessage>, { kind: 'sync' }>;
      state = sync.patches ? applyPatches(state, sync.patches) : sync.state;
      version = sync.version;
    }
    sight((state as { ships: Ship[] }).ships[player.seat]);
  };
}
