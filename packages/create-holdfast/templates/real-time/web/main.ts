import type { Room } from '@holdfast/client';
import { interpolate, predict } from '@holdfast/client/realtime';
// The page imports only types of the rules, because they run on the server. It imports the motion itself, because it predicts the motion.
import type { Boats, BoatsResult } from '../src/games/boats/boats.js';
import { BAY, type Boat, IDLE, STEP_HZ, sail } from '../src/games/boats/motion.js';
import { open, show } from './page.js';

/** The fields of a boat that move smoothly between two steps. */
const BLEND = { x: 'linear', y: 'linear', heading: { turn: 2 * Math.PI } } as const;

open<Boats>('boats', async (room, game) => {
  const canvas = document.createElement('canvas');
  Object.assign(canvas, BAY);
  game.append(canvas);

  // The own boat reacts to a key in the next frame, because the page computes its steps before the server's answer arrives.
  const own = predict(room, {
    stepMs: 1_000 / STEP_HZ,
    own: ({ boats }, seat) => boats.find((boat) => boat.seat === seat),
    step: sail,
    idle: IDLE,
    blend: BLEND,
  });
  // The other boats are shown between the last two states of the server.
  const others = interpolate(room, {
    entities: ({ boats }) => boats.filter(({ seat }) => seat !== room.seat),
    key: ({ seat }) => seat,
    blend: BLEND,
  });

  const keys = new Set<string>();
  const steer = (_changed: unknown) => {
    const turn = keys.has('ArrowLeft') ? -1 : keys.has('ArrowRight') ? 1 : 0;
    own.hold({ turn, sail: keys.has('ArrowUp') });
  };
  const ended = new AbortController();
  const until = { signal: ended.signal };
  addEventListener('keydown', ({ key }) => steer(keys.add(key)), until);
  addEventListener('keyup', ({ key }) => steer(keys.delete(key)), until);
  // The browser does not report keys that are released while another window has the focus.
  addEventListener('blur', () => steer(keys.clear()), until);

  const paper = canvas.getContext('2d')!;
  const frame = () => {
    if (ended.signal.aborted) return;
    const boat = own.sample();
    paper.clearRect(0, 0, BAY.width, BAY.height);
    paper.strokeRect(0, 0, BAY.width, BAY.height);
    if (room.state) drawBuoy(paper, room.state.buoy);
    for (const each of others.sample()) drawBoat(paper, each, 'gray');
    if (boat) drawBoat(paper, boat, 'royalblue');
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);

  const showScore = () => show(`Steer with the arrow keys. ${scoreOf(room)}`);
  room.on('change', showScore);
  showScore();
  await room.waitFor(({ status }) => status === 'ended');
  ended.abort();
  own.stop();
  others.stop();
  return (room.result?.result as BoatsResult | undefined)?.winner === room.seat ? 'You have won' : 'The race is over';
});

function scoreOf({ state, players }: Room<Boats>): string {
  return (state?.boats ?? []).map(({ seat, buoys }) => `${players[seat]?.name}: ${buoys}`).join(', ');
}

function drawBuoy(paper: CanvasRenderingContext2D, { x, y }: { x: number; y: number }): void {
  paper.fillStyle = 'orangered';
  paper.beginPath();
  paper.arc(x, y, 8, 0, 2 * Math.PI);
  paper.fill();
}

function drawBoat(paper: CanvasRenderingContext2D, { x, y, heading }: Boat, color: string): void {
  paper.save();
  paper.translate(x, y);
  paper.rotate(heading);
  paper.fillStyle = color;
  paper.fillRect(-12, -6, 24, 12);
  paper.restore();
}
