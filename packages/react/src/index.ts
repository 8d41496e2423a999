export { HoldfastProvider, type HoldfastProviderProps } from './provider.js';
export type { Login, SessionState } from './session-store.js';
export { type CommandState, useCommand } from './use-command.js';
export { useRoom, useRoomState } from './use-room.js';
export { useSession } from './use-session.js';
