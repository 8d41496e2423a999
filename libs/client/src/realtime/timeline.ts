/** Number of latest steps that are remembered: three seconds at 60 Hz. */
const STEPS_MAX = 180;
/**
 * Number of latest measurements of the lead. The lead is the number of steps that pass between a step of this client and the sync that
 * contains it. The median of the measurements is the usual lead.
 */
const LEADS = 7;
/**
 * Deviation from the usual lead, in ms. A larger deviation is corrected at once. For a smaller deviation, the client's steps run faster or
 * slower.
 */
const REALIGN_MS = 400;
/** Change of the rate for each step of deviation from the usual lead, as a fraction of the rate. */
const RATE_PER_STEP = 0.02;
/** Maximum change of the rate, as a fraction of the rate. A player does not see a change of 5 %. */
const RATE_MAX = 0.05;

/** A step that was predicted with a player input. */
interface Step<Input> {
  readonly input: Input;
  /** The number of the player input if this step is the first step with that input. Otherwise 0. */
  readonly number: number;
  /** True when the player input differs from that of the previous step. */
  readonly isChange: boolean;
}

/**
 * The steps that this client has predicted, and how many of them the server has run. A player input is valid until the next one, on the
 * client and on the server. So if the latest player input in a sync has number 5, the server has run the step that began with input 5, and
 * has not run the step that began with input 6.
 */
export class Timeline<Input> {
  private steps: Step<Input>[] = [];
  /** The index of the latest predicted step. Steps are counted from 1. */
  latest = 0;
  /** The index of the latest step that the state of the server contains. */
  contained = 0;
  private answered = 0;
  private leads: number[] = [];
  private mustRealign = true;
  /** The speed of this client's steps, relative to the server's: from 0.95 to 1.05. It corrects the deviation from the usual lead. */
  rate = 1;

  constructor(private readonly stepMs: number) {}

  /** Number of predicted steps that the state of the server does not contain. */
  get pending(): number {
    return this.latest - this.contained;
  }

  add(input: Input, number: number, isChange: boolean): void {
    this.latest += 1;
    this.steps.push({ input, number, isChange });
    if (this.steps.length > STEPS_MAX) this.steps.shift();
  }

  /** The inputs of the pending steps, the oldest first. */
  *inputs(): Generator<Input> {
    const { pending } = this;
    for (const step of pending > 0 ? this.steps.slice(-pending) : []) yield step.input;
  }

  /**
   * Lets the next sync determine again which steps are pending. Call this method after a period without contact between client and server.
   */
  realign(): void {
    this.mustRealign = true;
  }

  /**
   * Updates the pending steps and the rate after a sync.
   *
   * @param serverSteps number of steps that the server has run since the previous sync
   * @param input number of the latest input that the sync contains
   * @param position the index, with a fraction, of the step in progress on this client at the time at which a sync without lateness would
   * have arrived
   */
  reconcile(serverSteps: number, input: number, position: number): void {
    this.contained += serverSteps;
    this.answer(input, serverSteps, position);
    const usual = this.usualLead;
    const lead = position - this.contained;
    if (this.mustRealign || Math.abs(lead - usual) * this.stepMs > REALIGN_MS || this.contained > this.latest) {
      this.contained = Math.min(Math.round(position - usual), this.latest);
      this.mustRealign = false;
    }
    const excess = position - this.contained - usual;
    this.rate = 1 - Math.min(Math.max(excess * RATE_PER_STEP, -RATE_MAX), RATE_MAX);
  }

  /** Median of the measured leads, in steps. */
  private get usualLead(): number {
    if (this.leads.length === 0) return 1;
    return [...this.leads].sort((a, b) => a - b)[this.leads.length >> 1] as number;
  }

  private answer(input: number, serverSteps: number, position: number): void {
    const first = this.latest - this.steps.length + 1;
    const at = input > this.answered ? this.steps.findIndex(({ number }) => number === input) : -1;
    if (at !== -1) {
      this.leads = [...this.leads.slice(1 - LEADS), position - (first + at)];
      // Considers only changed inputs. A repeated input has no effect on the state and only measures the lead.
      const isChange = this.steps.some((step) => step.isChange && step.number > this.answered && step.number <= input);
      if (isChange) this.contained = Math.min(Math.max(this.contained, first + at), first + at + Math.max(serverSteps, 1) - 1);
    }
    this.answered = input;
    const unanswered = this.steps.findIndex((step) => step.isChange && step.number > input);
    if (unanswered !== -1) this.contained = Math.min(this.contained, first + unanswered - 1);
  }
}
