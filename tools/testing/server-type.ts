/** The type of a server. */
export type ServerType = 'gateway' | 'lobby' | 'game';
