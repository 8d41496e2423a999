import { ApiError } from '../api/api-error.js';
import { answerOf, api } from '../api/client.js';
import type { Progress } from './act.js';

const PROGRESS_POLL_MS = 700;
/** Number of consecutive polls without an answer after which the dialog no longer follows the act. The gateway continues the act. */
const UNANSWERED_MAX = 10;

/**
 * Follows an act that runs at a gateway until it has ended.
 *
 * @returns the result of the act
 * @throws ApiError when the act was refused, failed or was lost
 */
export async function followAct(id: string, report: (progress: Progress) => void): Promise<Record<string, unknown>> {
  for (let unanswered = 0; ; ) {
    const act = await answerOf(api.GET('/api/acts/{id}', { params: { path: { id } } })).catch((error: unknown) => {
      const isSilence = error instanceof ApiError && error.isUnanswered;
      if (!isSilence || ++unanswered > UNANSWERED_MAX) throw error;
      return null;
    });
    if (act) {
      unanswered = 0;
      if (act.progress) report({ done: act.progress.total - act.progress.left, total: act.progress.total });
      if (act.outcome === 'done') return act.result ?? {};
      if (act.outcome === 'lost') throw new ApiError('The gateway that carried this out has ended.', 0);
      if (act.outcome !== 'running') throw new ApiError(act.message ?? 'The act failed.', 409, act.code ?? 'unknown');
    }
    await new Promise((resolve) => setTimeout(resolve, PROGRESS_POLL_MS));
  }
}
