import { HoldfastError } from '#libs/client';
import type { GamePage } from '#libs/game-page';

/**
 * The page parts of all games. A new game needs only a folder `page` with an `index.ts`. The browser loads each part when the page first
 * needs it.
 */
const PARTS = import.meta.glob<{ page: GamePage }>('../../../../games/*/page/index.ts');

const loaded = new Map<string, GamePage>();

/**
 * @throws `unavailable` when the file of a game's page part is missing, for example because another version was deployed after the page was
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
