export * from './matchmaking.module.js';
export * from './strategy/default-match-strategy.js';
export * from './strategy/match-strategy.js';
export * from './strategy/ticket.js';
