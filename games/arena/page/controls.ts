import { type Controls, DIRECTIONS, IDLE } from '../src/world.js';

/** Distance in CSS pixels that a finger must move before it steers. */
const STICK_DEAD = 10;
/** Distance that the finger must move before the stick also runs the engine, in CSS pixels. */
const STICK_THRUST = 30;
/**
 * Largest difference between the directions of the ship and the stick for which the ship does not turn. Without this tolerance, the ship
 * would turn left and right around the direction of the stick.
 */
const STICK_EXACT = 3;

const KEYS: Readonly<Record<string, 'left' | 'right' | 'thrust' | 'fire'>> = {
  ArrowLeft: 'left',
  KeyA: 'left',
  ArrowRight: 'right',
  KeyD: 'right',
  ArrowUp: 'thrust',
  KeyW: 'thrust',
  Space: 'fire',
};

/**
 * Reads the controls that the player holds down: keys, or two fingers. One finger steers on the field, and the other one is on the fire
 * button.
 */
export class HeldControls {
  /** The stick as it is drawn, in CSS pixels of the field. Null: no finger steers. */
  stick: { readonly fromX: number; readonly fromY: number; x: number; y: number } | null = null;
  private readonly held = new Set<string>();
  private pointer: number | null = null;
  private isFiring = false;
  private readonly stop = new AbortController();

  constructor(
    private readonly field: HTMLElement,
    fireButton: HTMLElement,
  ) {
    const { signal } = this.stop;
    window.addEventListener('keydown', (event) => this.key(event, true), { signal });
    window.addEventListener('keyup', (event) => this.key(event, false), { signal });
    // The browser does not report a key that is released while another window has the focus. So the page releases all keys when it loses
    // the focus.
    window.addEventListener('blur', () => this.release(), { signal });
    document.addEventListener('visibilitychange', () => this.release(), { signal });
    field.addEventListener('pointerdown', (event) => this.grab(event), { signal });
    field.addEventListener('pointermove', (event) => this.drag(event), { signal });
    for (const name of ['pointerup', 'pointercancel'] as const) field.addEventListener(name, (event) => this.drop(event), { signal });
    fireButton.addEventListener('pointerdown', (event) => this.fire(event, true), { signal });
    for (const name of ['pointerup', 'pointercancel', 'lostpointercapture'] as const)
      fireButton.addEventListener(name, (event) => this.fire(event, false), { signal });
  }

  /** @param heading the current direction of the own ship, with which the direction of the stick is compared */
  read(heading: number): Controls {
    const { held, stick } = this;
    let turn = (held.has('right') ? 1 : 0) - (held.has('left') ? 1 : 0);
    let thrust = held.has('thrust');
    if (stick) {
      const dx = stick.x - stick.fromX;
      const dy = stick.y - stick.fromY;
      const length = Math.hypot(dx, dy);
      if (length > STICK_DEAD) {
        const wanted = (Math.atan2(dy, dx) / (2 * Math.PI)) * DIRECTIONS;
        const off = ((wanted - heading + 1.5 * DIRECTIONS) % DIRECTIONS) - DIRECTIONS / 2;
        turn = off > STICK_EXACT ? 1 : off < -STICK_EXACT ? -1 : 0;
        thrust ||= length > STICK_THRUST;
      }
    }
    const fire = held.has('fire') || this.isFiring;
    if (turn === 0 && !thrust && !fire) return IDLE;
    return { turn: turn as Controls['turn'], thrust, fire };
  }

  destroy(): void {
    this.stop.abort();
  }

  private key(event: KeyboardEvent, isDown: boolean): void {
    const action = KEYS[event.code];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    // Ignores a key while a form field or a button has the focus.
    if (isDown && event.target instanceof HTMLElement && event.target.closest('input, textarea, select, button, a, dialog')) return;
    if (isDown) this.held.add(action);
    else this.held.delete(action);
    event.preventDefault();
  }

  private grab(event: PointerEvent): void {
    if (this.pointer !== null || event.pointerType === 'mouse') return;
    this.pointer = event.pointerId;
    this.field.setPointerCapture(event.pointerId);
    const { left, top } = this.field.getBoundingClientRect();
    const x = event.clientX - left;
    const y = event.clientY - top;
    this.stick = { fromX: x, fromY: y, x, y };
    event.preventDefault();
  }

  private drag(event: PointerEvent): void {
    if (event.pointerId !== this.pointer || !this.stick) return;
    const { left, top } = this.field.getBoundingClientRect();
    this.stick.x = event.clientX - left;
    this.stick.y = event.clientY - top;
  }

  private drop(event: PointerEvent): void {
    if (event.pointerId !== this.pointer) return;
    this.pointer = null;
    this.stick = null;
  }

  private fire(event: PointerEvent, isDown: boolean): void {
    this.isFiring = isDown;
    if (isDown) (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  private release(): void {
    this.held.clear();
    this.isFiring = false;
    this.pointer = null;
    this.stick = null;
  }
}
