/** Longest name of a player and of a room, in characters as a reader counts them (grapheme clusters). */
export const PLAYER_NAME_CHARACTERS_MAX = 32;
export const ROOM_NAME_CHARACTERS_MAX = 48;
/** Longest name in UTF-8. Enough for 32 characters of any script, or for ten family emoji. */
export const NAME_BYTES_MAX = 256;
