export type ServerType = 'gateway' | 'lobby' | 'game';
