import type { Browser, CDPSession } from 'playwright-core';
import { until } from '../../tools/process/until.mjs';

/**
 * A tab that the browser throttles and can freeze when the tab is hidden. For the browser, Playwright's own pages are always visible. So
 * this class opens and controls its tab only over the DevTools protocol.
 */
export class BackgroundTab {
  private readonly waiting = new Map<number, (result: never) => void>();
  private lastId = 0;

  private constructor(
    private readonly devTools: CDPSession,
    private readonly targetId: string,
    private readonly sessionId: string,
  ) {
    devTools.on('Target.receivedMessageFromTarget', ({ sessionId: from, message }) => {
      const { id, result, error } = JSON.parse(message) as { id?: number; result?: unknown; error?: unknown };
      if (from === sessionId && id !== undefined) this.waiting.get(id)?.((result ?? error) as never);
    });
  }

  static async open(browser: Browser, url: string): Promise<BackgroundTab> {
    const devTools = await browser.newBrowserCDPSession();
    const { targetId } = await devTools.send('Target.createTarget', { url });
    const { sessionId } = await devTools.send('Target.attachToTarget', { targetId });
    return new BackgroundTab(devTools, targetId, sessionId);
  }

  async hide(): Promise<void> {
    const { targetId } = await this.devTools.send('Target.createTarget', { url: 'about:blank' });
    await this.devTools.send('Target.activateTarget', { targetId });
    await this.sees("document.visibilityState === 'hidden'");
  }

  async show(): Promise<void> {
    await this.devTools.send('Target.activateTarget', { targetId: this.targetId });
    await this.sees("document.visibilityState === 'visible'");
  }

  /** Stops all code of the tab, as a phone does with a tab that it keeps in memory. */
  async freeze(): Promise<void> {
    await this.send('Page.setWebLifecycleState', { state: 'frozen' });
  }

  async thaw(): Promise<void> {
    await this.send('Page.setWebLifecycleState', { state: 'active' });
  }

  /** @param rate how many times slower the code of the tab runs */
  async slowDown(rate: number): Promise<void> {
    await this.send('Emulation.setCPUThrottlingRate', { rate });
  }

  async evaluate<T>(expression: string): Promise<T> {
    const { result } = (await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })) as {
      result: { value: T };
    };
    return result.value;
  }

  /** Resolves when the expression is true in the tab. Polls from outside of the tab, because timers in the tab are throttled. */
  async sees(expression: string, timeoutMs = 10_000): Promise<void> {
    await until(() => this.evaluate<boolean>(`Boolean(${expression})`), timeoutMs).catch((error: unknown) => {
      throw new Error(`In the tab this did not become true: ${expression}`, { cause: error });
    });
  }

  async close(): Promise<void> {
    await this.devTools.send('Target.closeTarget', { targetId: this.targetId });
  }

  private send(method: string, params: object): Promise<unknown> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (result) => {
        this.waiting.delete(id);
        resolve(result);
      });
      this.devTools
        .send('Target.sendMessageToTarget', { sessionId: this.sessionId, message: JSON.stringify({ id, method, params }) })
        .catch(reject);
    });
  }
}
