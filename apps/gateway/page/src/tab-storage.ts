import type { SessionStorage } from '#libs/client';

/**
 * The `sessionStorage` of this tab. Falls back to memory when the browser denies the storage (private windows, blocked cookies) or when its
 * quota is used up. A reload of the page loses the values in memory.
 */
class TabStorage implements SessionStorage {
  private readonly memory = new Map<string, string>();

  getItem(key: string): string | null {
    const kept = this.memory.get(key);
    if (kept !== undefined) return kept;
    try {
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  }

  setItem(key: string, value: string): void {
    try {
      sessionStorage.setItem(key, value);
      this.memory.delete(key);
    } catch {
      // Removes the previous value. Otherwise a reload of the page would read it from `sessionStorage`.
      this.removeItem(key);
      this.memory.set(key, value);
    }
  }

  removeItem(key: string): void {
    this.memory.delete(key);
    try {
      sessionStorage.removeItem(key);
    } catch {
      // The browser denies the storage, so the storage has no value to remove.
    }
  }
}

export const tabStorage = new TabStorage();
