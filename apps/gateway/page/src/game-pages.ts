import type { GamePage } from '#libs/game-page';

/** The page part of every game, found by its folder. A new game only needs a folder `page`. Each part is loaded separately. */
const PARTS = import.meta.glob<{ page: GamePage }>('../../../../games/*/page/index.ts');

const loaded = new Map<string, GamePage>();

export async function loadGamePages(): Promise<void> {
  await Promise.all(
    Object.values(PARTS).map(async (load) => {
      const { page } = await load();
      loaded.set(page.name, page);
    }),
  );
}

export function gamePage(game: string): GamePage | undefined {
  return loaded.get(game);
}

/** A title for any game, even one without a page part. */
export function gameTitle(game: string): string {
  return loaded.get(game)?.title ?? `${game.charAt(0).toUpperCase()}${game.slice(1).replaceAll('-', ' ')}`;
}
