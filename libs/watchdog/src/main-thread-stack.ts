import { Session } from 'node:inspector';

export interface PausedMainThread {
  /** The calls on the stack, the innermost first: `place games/tic-tac-toe/src/tic-tac-toe.js:34`. */
  readonly stack: readonly string[];
  /** The value of `expression` in the innermost call. Undefined when it threw. */
  readonly value: unknown;
}

const FRAMES_MAX = 12;
/** Maximum length of a function name, in characters. The length is limited, because a game may choose any name. */
const NAME_CHARS_MAX = 80;

/**
 * Pauses the main thread from another thread for about 13 to 90 ms, reads its stack, and resumes it. Returns null when the main thread
 * cannot be paused within `timeoutMs`, because it runs native code, or when the debugger cannot be connected.
 *
 * @param expression evaluated in the innermost call; its value must be JSON
 */
export function pauseMainThread(expression: string, timeoutMs: number): Promise<PausedMainThread | null> {
  return new Promise((resolve) => {
    const session = new Session();
    let isDone = false;
    const finish = (result: PausedMainThread | null): void => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      try {
        session.post('Debugger.disable');
        session.disconnect();
      } catch {
        // Ignores an error, because the inspector session is perhaps not connected.
      }
      resolve(result);
    };
    const timer = setTimeout(() => finish(null), timeoutMs);
    try {
      session.connectToMainThread();
    } catch {
      finish(null);
      return;
    }
    const urls = new Map<string, string>();
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url));
    session.on('Debugger.paused', ({ params: { callFrames } }) => {
      const stack = callFrames.slice(0, FRAMES_MAX).map(({ functionName, location: { scriptId, lineNumber } }) => {
        const name = (functionName || '(anonymous)').slice(0, NAME_CHARS_MAX);
        return `${name} ${shortPath(urls.get(scriptId) ?? '')}:${lineNumber + 1}`;
      });
      const { callFrameId } = callFrames[0]!;
      session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression, returnByValue: true, silent: true }, (error, answer) => {
        finish({ stack, value: error || answer.exceptionDetails ? undefined : answer.result.value });
      });
    });
    session.post('Debugger.enable');
    session.post('Debugger.pause');
  });
}

function shortPath(url: string): string {
  return url.split('/').slice(-4).join('/') || '(native)';
}
