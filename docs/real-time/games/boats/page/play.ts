import { connect, type Session } from '@holdfast/client';
import { compact } from '@holdfast/client/compact';
import { interpolate, predict } from '@holdfast/client/realtime';
import type { Boats } from '../src/boats.js';
import { type Boat, IDLE, STEP_HZ, sail } from '../src/motion.js';

const BLEND = { x: 'linear', y: 'linear', heading: { turn: 2 * Math.PI } } as const;

export async function play(url: string, canvas: CanvasRenderingContext2D): Promise<Session> {
  const session = await connect(url, { name: 'Ada', compact });
  const room = await session.quickMatch<Boats>('boats');

  const own = predict(room, {
    stepMs: 1_000 / STEP_HZ,
    own: ({ boats }, seat) => boats.find((boat) => boat.seat === seat),
    step: sail,
    idle: IDLE,
    blend: BLEND,
  });
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
  addEventListener('keydown', ({ key }) => steer(keys.add(key)));
  addEventListener('keyup', ({ key }) => steer(keys.delete(key)));
  // The page is not told about keys that are released while another window has the focus.
  addEventListener('blur', () => steer(keys.clear()));

  const frame = () => {
    const boat = own.sample();
    canvas.clearRect(0, 0, canvas.canvas.width, canvas.canvas.height);
    for (const each of boat ? [...others.sample(), boat] : others.sample()) draw(canvas, each);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  return session;
}

function draw(canvas: CanvasRenderingContext2D, { x, y, heading }: Boat): void {
  canvas.save();
  canvas.translate(x, y);
  canvas.rotate(heading);
  canvas.fillRect(-12, -6, 24, 12);
  canvas.restore();
}
