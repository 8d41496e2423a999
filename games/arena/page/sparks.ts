interface Spark {
  x: number;
  y: number;
  vx: number;
  vy: number;
  /** Remaining lifetime of the spark, in seconds. */
  left: number;
  /** Total lifetime of the spark, in seconds. */
  readonly whole: number;
  readonly color: string;
}

const SPARKS_MAX = 400;

/** Particles of explosions and engines. They exist only in the page, not in the state of the game. */
export class Sparks {
  private readonly all: Spark[] = [];

  /** @param speed in units a second */
  burst(x: number, y: number, color: string, count: number, speed: number, seconds: number): void {
    for (let at = 0; at < count && this.all.length < SPARKS_MAX; at++) {
      const angle = Math.random() * 2 * Math.PI;
      const own = speed * (0.25 + 0.75 * Math.random());
      const whole = seconds * (0.5 + 0.5 * Math.random());
      this.all.push({ x, y, vx: Math.cos(angle) * own, vy: Math.sin(angle) * own, left: whole, whole, color });
    }
  }

  /** Moves and draws the sparks. `seconds`: the time since the last frame. */
  draw(context: CanvasRenderingContext2D, seconds: number): void {
    for (let at = this.all.length - 1; at >= 0; at--) {
      const spark = this.all[at]!;
      spark.left -= seconds;
      if (spark.left <= 0) {
        this.all[at] = this.all.at(-1)!;
        this.all.pop();
        continue;
      }
      spark.x += spark.vx * seconds;
      spark.y += spark.vy * seconds;
      context.globalAlpha = spark.left / spark.whole;
      context.fillStyle = spark.color;
      const size = 1.5 + 2.5 * (spark.left / spark.whole);
      context.fillRect(spark.x - size / 2, spark.y - size / 2, size, size);
    }
    context.globalAlpha = 1;
  }
}
