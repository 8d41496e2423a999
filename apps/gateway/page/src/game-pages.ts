import type { GamePage } from '#libs/page';

/** Every game's page part, found by its place: a game adds its own by adding the folder. Each is loaded by itself. */
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

/** A game of the fleet that has no page part is named all the same. */
export function gameTitle(game: string): string {
  return loaded.get(game)?.title ?? `${game.charAt(0).toUpperCase()}${game.slice(1).replaceAll('-', ' ')}`;
}
