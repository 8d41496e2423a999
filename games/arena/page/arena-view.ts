import { html, nothing, render } from 'lit-html';
import { createRef, ref } from 'lit-html/directives/ref.js';
import type { Room, Seat } from '#libs/client';
import { type Interpolation, interpolate, type Prediction, predict } from '#libs/client/realtime';
import type { MountedGame, Table } from '#libs/game-page';
import type { Arena } from '../src/arena.js';
import { moveShip } from '../src/motion.js';
import { type ArenaState, BEHIND_MAX, type Controls, DIRECTIONS, IDLE, SHIP_STATUS, type Ship, STEP_HZ } from '../src/world.js';
import { HeldControls } from './controls.js';
import { message, scores, timeLeft } from './hud.js';
import { Scene, type ShipLooks, shipColor } from './scene.js';

const STEP_MS = 1_000 / STEP_HZ;
/**
 * Distance in units. A ship that moves farther between two states has started again elsewhere, so the page does not interpolate its motion.
 */
const JUMP = 150;
/** Largest distance of the stick's knob from its middle, in CSS pixels. */
const KNOB = 34;

/** The page does not send a change of `behind` that is at most this number of steps. */
const BEHIND_JITTER = 0.9;

const BLEND = { x: 'linear', y: 'linear', heading: { turn: DIRECTIONS } } as const;

/** The data of the event `own-frame`: the player's ship as one frame shows it. */
export interface OwnFrame extends Ship {
  /** The time of the frame, in ms of `performance.now()`. */
  readonly at: number;
  /** Distance by which the latest state of the server has moved the predicted ship, in units. */
  readonly correction: number;
}

/** The field on a canvas. The page predicts the player's ship, and interpolates the other ships between two states. */
export class ArenaView implements MountedGame {
  private readonly field = createRef<HTMLElement>();
  private readonly canvas = createRef<HTMLCanvasElement>();
  private readonly fire = createRef<HTMLButtonElement>();
  private readonly stick = createRef<HTMLElement>();
  private readonly scene: Scene;
  private readonly controls: HeldControls;
  private readonly others: Interpolation<Ship>;
  private readonly looks: ShipLooks = {
    nameOf: (seat) => this.table.nameOf(seat),
    colorOf: (seat) => shipColor(seat, this.room.players.find((player) => player.seat === seat)?.bot === true),
  };
  private own: Prediction<Ship, Controls> | null = null;
  private ownSeat: Seat | null = null;
  private readonly stops: (() => void)[];
  private readonly sizes: ResizeObserver;
  private frame = 0;
  private drawnAt = performance.now();
  /** Room time of the latest state, in ms. */
  private stateTime: number | undefined;
  /** Number of steps by which the other ships on the screen are behind the player's ship. The page sends this number with each shot. */
  private behind = 0;
  private readonly seen = new Map<Seat, { readonly status: number; readonly fired: number }>();

  constructor(
    private readonly root: HTMLElement,
    private readonly room: Room<Arena>,
    private readonly table: Table,
  ) {
    this.update();
    this.scene = new Scene(this.canvas.value!);
    this.controls = new HeldControls(this.field.value!, this.fire.value!);
    this.others = interpolate<ArenaState, Ship>(room, {
      entities: ({ ships }) => ships,
      key: ({ seat }) => seat,
      blend: BLEND,
      jumpOver: JUMP,
    });
    this.stops = [room.on('sync', ({ state, time }) => this.received(state as ArenaState | undefined, time))];
    this.sizes = new ResizeObserver(([entry]) => this.scene.resize(entry!.contentRect.width, entry!.contentRect.height));
    this.sizes.observe(this.field.value!);
    this.steer();
    this.frame = requestAnimationFrame(this.draw);
  }

  update(): void {
    const { state } = this.room;
    this.steer();
    if (!state) return;
    const own = this.room.seat;
    render(
      html`<section class="arena">
        <div class="arena-field" ${ref(this.field)} data-testid="arena">
          <canvas ${ref(this.canvas)} aria-label="The arena: ships, rocks and shots"></canvas>
          ${scores(state, own, this.looks)} ${timeLeft(state)} ${message(state, own)}
          <div class="arena-stick" hidden ${ref(this.stick)}></div>
          <button class="arena-fire" type="button" ${ref(this.fire)} ?hidden=${own === null}>Fire</button>
        </div>
        ${own === null ? nothing : KEYS}
      </section>`,
      this.root,
    );
  }

  destroy(): void {
    cancelAnimationFrame(this.frame);
    for (const stop of this.stops) stop();
    this.own?.stop();
    this.others.stop();
    this.controls.destroy();
    this.sizes.disconnect();
    render(nothing, this.root);
  }

  /**
   * Predicts the ship of this player's seat. Does nothing for a spectator. Starts the prediction again when the room gives the player
   * another seat.
   */
  private steer(): void {
    const { seat } = this.room;
    if (seat === this.ownSeat && (this.own !== null || seat === null)) return;
    this.own?.stop();
    this.ownSeat = seat;
    this.own = null;
    if (seat === null) return;
    this.own = predict<ArenaState, Ship, Controls>(this.room, {
      stepMs: STEP_MS,
      own: ({ ships }, mine) => ships.find((ship) => ship.seat === mine && ship.status !== SHIP_STATUS.gone),
      step: (ship, input) => {
        ship.thrust = input.thrust;
        moveShip(ship, input);
      },
      idle: IDLE,
      blend: BLEND,
      jumpOver: JUMP,
    });
  }

  private received(state: ArenaState | undefined, time: number | undefined): void {
    if (!state) return;
    this.stateTime = time;
    for (const { seat, status, fired, x, y } of state.ships) {
      const before = this.seen.get(seat);
      if (before && before.status !== SHIP_STATUS.gone && status === SHIP_STATUS.gone) this.scene.explode(x, y, this.looks.colorOf(seat));
      if (before && fired > before.fired) this.scene.flash(x, y, this.looks.colorOf(seat));
      this.seen.set(seat, { status, fired });
    }
  }

  private readonly draw = (): void => {
    this.frame = requestAnimationFrame(this.draw);
    const now = performance.now();
    const seconds = Math.min((now - this.drawnAt) / 1_000, 0.1);
    this.drawnAt = now;
    const { state } = this.room;
    if (!state) return;
    const isPlaying = this.room.status === 'playing' || this.room.status === 'paused';
    const mine = this.own?.sample();
    const ships = this.others.sample().map((ship) => (mine && ship.seat === this.ownSeat ? mine : ship));
    const shown = this.others.time;
    const step = shown === undefined || this.stateTime === undefined ? state.step : state.step - (this.stateTime - shown) / STEP_MS;
    const ownStep = state.step + (this.own?.stats.pendingSteps ?? 0);
    if (this.own && isPlaying) this.own.hold(mine ? this.read(mine.heading, ownStep - step) : IDLE);
    this.scene.draw({ ships, shots: state.shots, step, ownStep, own: this.ownSeat, ...this.looks }, seconds);
    this.drawStick();
    // The event `own-frame` is for tests, and for pages that embed the arena.
    if (mine)
      this.field.value?.dispatchEvent(
        new CustomEvent<OwnFrame>('own-frame', { detail: { at: now, correction: this.own?.stats.correction ?? 0, ...mine } }),
      );
  };

  /** Reads the controls. When the player fires, adds `behind`, so that the server can find the ship at which the player aimed. */
  private read(heading: number, behind: number): Controls {
    const controls = this.controls.read(heading);
    if (!controls.fire) return controls;
    // Ignores a change of at most `BEHIND_JITTER`, because the page would send one more player input for each change.
    if (Math.abs(behind - this.behind) > BEHIND_JITTER) this.behind = Math.min(Math.max(Math.round(behind), 0), BEHIND_MAX);
    return { ...controls, behind: this.behind };
  }

  private drawStick(): void {
    const element = this.stick.value;
    const { stick } = this.controls;
    if (!element) return;
    element.hidden = stick === null;
    if (!stick) return;
    const dx = stick.x - stick.fromX;
    const dy = stick.y - stick.fromY;
    const part = Math.min(1, KNOB / Math.max(1, Math.hypot(dx, dy)));
    element.style.left = `${stick.fromX}px`;
    element.style.top = `${stick.fromY}px`;
    element.style.setProperty('--knob-x', `${dx * part}px`);
    element.style.setProperty('--knob-y', `${dy * part}px`);
  }
}

const KEYS = html`<p class="arena-keys"><kbd>←</kbd> <kbd>→</kbd> turn · <kbd>↑</kbd> engine · <kbd>Space</kbd> fire</p>`;
