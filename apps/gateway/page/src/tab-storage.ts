import type { SessionStorage } from '#libs/client';

/**
 * The storage of this tab. Access throws when the browser denies the storage (private windows, blocked cookies) or when the quota is used
 * up. The values are then in memory only, until the page is reloaded.
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
      // Removes the previous value, because the page would read it again after a reload.
      this.removeItem(key);
      this.memory.set(key, value);
    }
  }

  removeItem(key: string): void {
    this.memory.delete(key);
    try {
      sessionStorage.removeItem(key);
    } catch {
      // There is no storage, so there is nothing to remove.
    }
  }
}

export const tabStorage = new TabStorage();
