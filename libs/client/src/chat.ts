/** The entry point of the client library for chats in a room and in the lobby of a game. */

export type { ChatEntry } from '#libs/protocol';
export { type Chat, type ChatEvents, type ChatSession, type OpenChatOptions, openChat } from './live-chat.js';
