import { HoldfastError } from '#libs/client';
import type { GamePage } from '#libs/game-page';

/**
 * The code that shows each game on the page. To add a game, give it a folder `page` with an `index.ts`. The browser loads these files when
 * the page first needs them.
 */
const PARTS = import.meta.glob<{ page: GamePage }>('../../../../games/*/page/index.ts');

const loaded = new Map<string, GamePage>();

/**
 * @throws `unavailable` when a file with the code of a game is missing, for example because another version was deployed after the page was
 * loaded
 */
export async function loadGamePages(): Promise<void> {
  try {
    await Promise.all(
      Object.values(PARTS).map(async (load) => {
        const { page } = await load();
        loaded.set(page.name, page);
      }),
    );
  } catch (cause) {
    throw new HoldfastError('unavailable', 'A part of this page cannot be loaded. Load the page again.', { cause });
  }
}

export function gamePage(game: string): GamePage | undefined {
  return loaded.get(game);
}

export function gameTitle(game: string): string {
  return loaded.get(game)?.title ?? `${game.charAt(0).toUpperCase()}${game.slice(1).replaceAll('-', ' ')}`;
}
