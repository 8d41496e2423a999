/** The operator's additions to an act, before it begins. */
export interface ActInput {
  readonly note?: string;
  /** When a ban or a mute ends, in ms since 1970; absent: when an operator lifts it. */
  readonly until?: number;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** One thing that an act changes. */
export interface Target {
  readonly key: string;
  readonly label: string;
  /** Carries the act out. Returns a sentence about the result. It must be safe to run again when the answer was lost. */
  run(input: ActInput, report: (progress: Progress) => void): Promise<string>;
}

/** An act of an operator. It begins only after a confirmation. */
export interface Act {
  /** The label of the button and the menu item: `Drain`. */
  readonly verb: string;
  /** The question: `Drain game:1?` */
  readonly title: string;
  readonly details: string;
  readonly isDangerous?: boolean;
  readonly noteLabel?: string;
  readonly asksForEnd?: boolean;
  readonly targets: readonly Target[];
}

export const NOTE_LABEL = 'Note for the audit (optional)';
export const NOTE_MAX = 200;
