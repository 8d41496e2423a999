import type { Seat } from '#libs/client';
import { positionOf } from '../src/shots.js';
import { DIRECTIONS, FIELD, HEALTH_MAX, ROCKS, SHIP_RADIUS, SHIP_STATUS, type Ship, type Shot, vectorOf } from '../src/world.js';
import { Sparks } from './sparks.js';

export interface ShipLooks {
  nameOf(seat: Seat): string;
  colorOf(seat: Seat): string;
}

/** The data of one frame of the arena. */
export interface Picture extends ShipLooks {
  readonly ships: readonly Ship[];
  readonly shots: readonly Shot[];
  /** The game time for which the shots of other ships are drawn, as a step number with a fraction. */
  readonly step: number;
  /** The game time of the player's predicted ship, as a step number with a fraction. The shots of this ship are drawn for this time. */
  readonly ownStep: number;
  /** The seat of the player's ship. Null: the viewer is a spectator. */
  readonly own: Seat | null;
}

/**
 * Smallest scale at which the camera shows the whole field, in CSS pixels per unit. On a smaller screen the camera shows a part of the
 * field and follows the player's ship.
 */
const WHOLE_FIELD_SCALE_MIN = 0.5;
const FOLLOW_SCALE = 0.72;
const STARS = 160;

/** Draws the arena on a canvas. Lengths are in units of the field. The camera converts them to pixels. */
export class Scene {
  private readonly context: CanvasRenderingContext2D;
  private readonly sparks = new Sparks();
  private readonly stars = Array.from({ length: STARS }, () => [Math.random(), Math.random(), 0.4 + Math.random() * 1.2] as const);
  private width = 0;
  private height = 0;
  private ratio = 1;
  private lookX = FIELD.width / 2;
  private lookY = FIELD.height / 2;
  private readonly rocks: HTMLCanvasElement;

  constructor(private readonly canvas: HTMLCanvasElement) {
    this.context = canvas.getContext('2d', { alpha: false })!;
    this.rocks = drawRocks();
  }

  /** Fits the canvas to its size on the page, in CSS pixels. */
  resize(width: number, height: number): void {
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.width = width;
    this.height = height;
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
  }

  explode(x: number, y: number, color: string): void {
    this.sparks.burst(x, y, color, 46, 260, 0.9);
    this.sparks.burst(x, y, '#fff2c4', 18, 150, 0.5);
  }

  flash(x: number, y: number, color: string): void {
    this.sparks.burst(x, y, color, 5, 120, 0.22);
  }

  /** @param seconds the time since the last picture, in seconds */
  draw(picture: Picture, seconds: number): void {
    const { context, width, height, ratio } = this;
    if (width === 0) return;
    const whole = Math.min(width / FIELD.width, height / FIELD.height);
    const isWhole = whole >= WHOLE_FIELD_SCALE_MIN || picture.own === null;
    const scale = isWhole ? whole : FOLLOW_SCALE;
    this.follow(isWhole ? undefined : picture.ships.find(({ seat }) => seat === picture.own), scale, seconds);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#070b16';
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    const zoom = scale * ratio;
    context.setTransform(zoom, 0, 0, zoom, (width / 2) * ratio - this.lookX * zoom, (height / 2) * ratio - this.lookY * zoom);
    this.drawField();
    for (const ship of picture.ships) if (ship.thrust && ship.status !== SHIP_STATUS.gone) this.drawFlame(ship);
    for (const shot of picture.shots)
      this.drawShot(shot, picture.colorOf(shot.seat), shot.seat === picture.own ? picture.ownStep : picture.step);
    for (const ship of picture.ships) if (ship.status !== SHIP_STATUS.gone) this.drawShip(ship, picture, scale);
    this.sparks.draw(context, seconds);
    if (!isWhole) this.drawMap(picture);
  }

  private follow(ship: Ship | undefined, scale: number, seconds: number): void {
    let x = FIELD.width / 2;
    let y = FIELD.height / 2;
    if (ship) {
      const halfWidth = Math.min(this.width / scale / 2, FIELD.width / 2);
      const halfHeight = Math.min(this.height / scale / 2, FIELD.height / 2);
      x = Math.min(Math.max(ship.x, halfWidth), FIELD.width - halfWidth);
      y = Math.min(Math.max(ship.y, halfHeight), FIELD.height - halfHeight);
    }
    // When the ship starts again elsewhere, the camera moves to the new place smoothly. Otherwise the camera stays on the ship.
    const part = Math.hypot(x - this.lookX, y - this.lookY) > 120 ? 1 - Math.exp(-6 * seconds) : 1;
    this.lookX += (x - this.lookX) * part;
    this.lookY += (y - this.lookY) * part;
  }

  private drawField(): void {
    const { context } = this;
    const glow = context.createRadialGradient(FIELD.width / 2, FIELD.height / 2, 100, FIELD.width / 2, FIELD.height / 2, 950);
    glow.addColorStop(0, '#172446');
    glow.addColorStop(1, '#0a1022');
    context.fillStyle = glow;
    context.fillRect(0, 0, FIELD.width, FIELD.height);
    context.fillStyle = '#c9d6ff';
    for (const [x, y, size] of this.stars) {
      context.globalAlpha = 0.25 + size * 0.3;
      context.fillRect(x * FIELD.width, y * FIELD.height, size * 1.6, size * 1.6);
    }
    context.globalAlpha = 1;
    context.drawImage(this.rocks, 0, 0);
    context.strokeStyle = '#5f7fe0';
    context.lineWidth = 3;
    context.strokeRect(1.5, 1.5, FIELD.width - 3, FIELD.height - 3);
  }

  private drawFlame(ship: Ship): void {
    const { context } = this;
    const { x, y } = vectorAt(ship.heading);
    const length = 20 + 12 * Math.random();
    context.strokeStyle = '#ffb454';
    context.lineCap = 'round';
    context.lineWidth = 7;
    context.globalAlpha = 0.85;
    context.beginPath();
    context.moveTo(ship.x - x * SHIP_RADIUS * 0.7, ship.y - y * SHIP_RADIUS * 0.7);
    context.lineTo(ship.x - x * (SHIP_RADIUS * 0.7 + length), ship.y - y * (SHIP_RADIUS * 0.7 + length));
    context.stroke();
    context.globalAlpha = 1;
  }

  private drawShot(shot: Shot, color: string, step: number): void {
    const { context } = this;
    if (step < shot.at) return;
    const { x, y } = positionOf(shot, step);
    const direction = vectorOf(shot.heading);
    context.strokeStyle = color;
    context.lineCap = 'round';
    for (const [width, alpha] of [
      [9, 0.25],
      [3.5, 1],
    ] as const) {
      context.globalAlpha = alpha;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(x - direction.x * 20, y - direction.y * 20);
      context.lineTo(x, y);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  private drawShip(ship: Ship, { own, nameOf, colorOf }: Picture, scale: number): void {
    const { context } = this;
    const color = colorOf(ship.seat);
    context.save();
    context.translate(ship.x, ship.y);
    context.save();
    context.rotate((2 * Math.PI * ship.heading) / DIRECTIONS);
    context.beginPath();
    context.moveTo(22, 0);
    context.lineTo(-15, 15);
    context.lineTo(-8, 0);
    context.lineTo(-15, -15);
    context.closePath();
    context.fillStyle = '#0d1428';
    context.strokeStyle = color;
    context.lineWidth = ship.seat === own ? 4 : 3;
    context.lineJoin = 'round';
    context.fill();
    context.stroke();
    if (ship.seat === own) {
      context.fillStyle = color;
      context.globalAlpha = 0.55;
      context.fill();
      context.globalAlpha = 1;
    }
    context.restore();
    if (ship.status === SHIP_STATUS.shielded) {
      context.globalAlpha = 0.6;
      context.strokeStyle = '#bfe3ff';
      context.lineWidth = 2;
      context.beginPath();
      context.arc(0, 0, SHIP_RADIUS + 10, 0, 2 * Math.PI);
      context.stroke();
      context.globalAlpha = 1;
    }
    const text = Math.max(15, 11 / scale);
    context.font = `600 ${text}px system-ui, sans-serif`;
    context.textAlign = 'center';
    context.fillStyle = ship.seat === own ? '#ffffff' : '#c3cee9';
    context.fillText(nameOf(ship.seat), 0, -SHIP_RADIUS - 20);
    for (let at = 0; at < HEALTH_MAX; at++) {
      context.fillStyle = at < ship.health ? color : '#33405f';
      context.fillRect(-20 + at * 10.5, -SHIP_RADIUS - 14, 8.5, 4);
    }
    context.restore();
  }

  /** Draws a small map of the whole field when the camera shows only a part of the field. */
  private drawMap({ ships, own, colorOf }: Picture): void {
    const { context, ratio, width } = this;
    const mapWidth = Math.min(120, width * 0.3);
    const zoom = (mapWidth / FIELD.width) * ratio;
    context.setTransform(zoom, 0, 0, zoom, (width - mapWidth - 10) * ratio, 10 * ratio);
    context.globalAlpha = 0.8;
    context.fillStyle = '#0b1226';
    context.fillRect(0, 0, FIELD.width, FIELD.height);
    context.globalAlpha = 1;
    context.strokeStyle = '#5f7fe0';
    context.lineWidth = 14;
    context.strokeRect(0, 0, FIELD.width, FIELD.height);
    for (const ship of ships) {
      if (ship.status === SHIP_STATUS.gone) continue;
      context.fillStyle = ship.seat === own ? '#ffffff' : colorOf(ship.seat);
      context.beginPath();
      context.arc(ship.x, ship.y, ship.seat === own ? 50 : 38, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

/** The color of a ship. Ships of neighboring seats have clearly different colors. The colors of bots are paler than those of players. */
export function shipColor(seat: Seat, isBot: boolean): string {
  return `hsl(${(seat * 137.5 + 200) % 360} ${isBot ? 30 : 88}% 68%)`;
}

function vectorAt(heading: number): { x: number; y: number } {
  const angle = (2 * Math.PI * heading) / DIRECTIONS;
  return { x: Math.cos(angle), y: Math.sin(angle) };
}

function drawRocks(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = FIELD.width;
  canvas.height = FIELD.height;
  const context = canvas.getContext('2d')!;
  ROCKS.forEach(({ x, y, radius }, number) => {
    const light = context.createRadialGradient(x - radius * 0.4, y - radius * 0.5, radius * 0.1, x, y, radius * 1.05);
    light.addColorStop(0, '#8b93ab');
    light.addColorStop(1, '#2b3350');
    context.fillStyle = light;
    context.beginPath();
    const corners = 14;
    for (let corner = 0; corner <= corners; corner++) {
      const angle = (2 * Math.PI * corner) / corners;
      const bump = radius * (0.95 + 0.06 * Math.sin(corner * 2.7 + number * 1.9));
      context.lineTo(x + Math.cos(angle) * bump, y + Math.sin(angle) * bump);
    }
    context.fill();
    context.fillStyle = '#00000030';
    for (let crater = 0; crater < 4; crater++) {
      const angle = number + crater * 1.7;
      context.beginPath();
      context.arc(x + Math.cos(angle) * radius * 0.5, y + Math.sin(angle) * radius * 0.5, radius * (0.1 + 0.04 * crater), 0, 2 * Math.PI);
      context.fill();
    }
  });
  return canvas;
}
