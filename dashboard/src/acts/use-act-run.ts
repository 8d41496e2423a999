import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { ApiError, sentenceOf } from '../api/api-error.js';
import type { Act, ActInput, Progress, Target } from './act.js';

export interface TargetState {
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  readonly progress?: Progress;
  readonly sentence?: string;
}

export interface ActRun {
  readonly phase: 'asking' | 'running' | 'ended';
  readonly states: Readonly<Record<string, TargetState>>;
}

/** Number of targets that are changed at the same time. */
const AT_ONCE = 4;

/** Runs an act on all its targets. `onEnd` receives the last states. */
export function useActRun(act: Act, onEnd: (states: ActRun['states']) => void) {
  const client = useQueryClient();
  const [run, setRun] = useState<ActRun>({ phase: 'asking', states: {} });
  const states = useRef<Record<string, TargetState>>({});
  const start = useCallback(
    async (input: ActInput) => {
      const waiting = act.targets.filter(({ key }) => states.current[key]?.state !== 'done');
      const note = (key: string, state: TargetState) => {
        states.current = { ...states.current, [key]: state };
        setRun({ phase: 'running', states: states.current });
      };
      for (const { key } of waiting) note(key, { state: 'waiting' });
      const queue = [...waiting];
      const work = async () => {
        for (let target = queue.shift(); target; target = queue.shift()) await carryOut(target, input, note);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      setRun({ phase: 'ended', states: states.current });
      onEnd(states.current);
      await client.invalidateQueries();
    },
    [act, client, onEnd],
  );
  return { run, start };
}

async function carryOut(target: Target, input: ActInput, note: (key: string, state: TargetState) => void): Promise<void> {
  const { key } = target;
  note(key, { state: 'running' });
  try {
    const sentence = await target.run(input, (progress) => note(key, { state: 'running', progress }));
    note(key, { state: 'done', sentence });
  } catch (error) {
    const isUnanswered = error instanceof ApiError && error.isUnanswered;
    const sentence = isUnanswered ? `${sentenceOf(error)} The act may have been carried out. It is safe to try again.` : sentenceOf(error);
    note(key, { state: 'failed', sentence });
  }
}
