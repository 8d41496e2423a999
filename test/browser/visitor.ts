import type { Browser, BrowserContextOptions, Page } from 'playwright-core';

export interface VisitorOptions extends BrowserContextOptions {
  /** A function that runs in the page before the page's own scripts. */
  readonly script?: () => void;
}

/** A person with one page in a separate browser context. `defects` has the uncaught errors of the page. */
export class Visitor {
  readonly defects: string[] = [];

  private constructor(
    readonly name: string,
    readonly page: Page,
  ) {
    page.on('pageerror', (error) => this.defects.push(String(error)));
  }

  /** Opens the page and logs in. Resolves when the page shows the lobby, or the room of the link. */
  static async open(browser: Browser, name: string, url: string, options: VisitorOptions = {}): Promise<Visitor> {
    const visitor = await Visitor.at(browser, name, url, options);
    await visitor.page.getByLabel('Your name').fill(name);
    await visitor.press('Play');
    return visitor;
  }

  /** Opens the page with the login form. */
  static async at(browser: Browser, name: string, url: string, options: VisitorOptions = {}): Promise<Visitor> {
    const { script, ...contextOptions } = options;
    const context = await browser.newContext({ reducedMotion: 'reduce', ...contextOptions });
    if (script) await context.addInitScript(script);
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const visitor = new Visitor(name, page);
    await page.goto(url);
    return visitor;
  }

  press(button: string | RegExp): Promise<void> {
    return this.page.getByRole('button', { name: button, exact: true }).click();
  }

  /** Waits until the status line of the page contains this text. */
  sees(status: string | RegExp): Promise<void> {
    return this.page.getByTestId('status').filter({ hasText: status }).waitFor();
  }

  async mark(cell: number): Promise<void> {
    await this.sees('Your turn');
    await this.page.locator('.ttt-cell').nth(cell).click();
  }

  async move(from: string, to: string): Promise<void> {
    await this.sees('Your turn');
    await this.square(from).click();
    await this.square(to).click();
  }

  async drag(from: string, to: string): Promise<void> {
    await this.sees('Your turn');
    const [start, end] = await Promise.all([from, to].map((square) => this.square(square).boundingBox()));
    if (!start || !end) throw new Error(`${from} or ${to} is not to be seen`);
    const { mouse } = this.page;
    await mouse.move(start.x + start.width / 2, start.y + start.height / 2);
    await mouse.down();
    await mouse.move(end.x + end.width / 2, end.y + end.height / 2, { steps: 4 });
    await mouse.up();
  }

  /** Moves a chess piece with the keyboard alone. */
  async type(from: string, to: string): Promise<void> {
    await this.sees('Your turn');
    for (const square of [from, to]) {
      await this.square(square).focus();
      await this.page.keyboard.press('Enter');
    }
  }

  /** Waits until the label of the square for screen readers names this piece. */
  async seesPiece(square: string, piece: string): Promise<void> {
    await this.page.getByRole('button', { name: `${square}, ${piece}` }).waitFor();
  }

  /** Starts to record all banners, even banners that are visible for only a few milliseconds. */
  async noteBanners(): Promise<void> {
    await this.page.evaluate(() => {
      const banners = document.querySelector('.banners') as HTMLElement;
      const noted: string[] = [];
      Object.assign(window, { banners: noted });
      new MutationObserver(() => noted.push(banners.textContent.trim())).observe(banners, { childList: true, subtree: true });
    });
  }

  /** Waits until these banners have appeared in this order, even if only briefly. Call `noteBanners` before. */
  async sawBanners(...texts: string[]): Promise<void> {
    await this.page.waitForFunction((wanted) => {
      const { banners } = window as unknown as { banners: string[] };
      let from = 0;
      for (const text of wanted) {
        const at = banners.findIndex((banner, index) => index >= from && banner.includes(text));
        if (at < 0) return false;
        from = at + 1;
      }
      return true;
    }, texts);
  }

  async isAsWideAsItsWindow(): Promise<boolean> {
    return this.page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
  }

  async leaveAll(): Promise<void> {
    await this.page.context().close();
  }

  private square(name: string) {
    return this.page.locator(`[data-square="${name}"]`);
  }
}

/** The visitors of one test. */
export class Visitors {
  private all: Visitor[] = [];

  add(visitor: Visitor): Visitor {
    this.all.push(visitor);
    return visitor;
  }

  /** Closes all pages. Returns the errors that they threw, with the names of their visitors. */
  async leave(): Promise<string[]> {
    const defects = this.all.flatMap(({ name, defects: own }) => own.map((defect) => `${name}: ${defect}`));
    await Promise.all(this.all.map((visitor) => visitor.leaveAll()));
    this.all = [];
    return defects;
  }
}
