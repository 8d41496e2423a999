/** Maximum length of a player's name, in characters as a reader counts them (grapheme clusters). */
export const PLAYER_NAME_CHARACTERS_MAX = 32;
/** Maximum length of a room's name, in grapheme clusters. */
export const ROOM_NAME_CHARACTERS_MAX = 48;
/** Maximum length of a name, in bytes of UTF-8: enough for 32 characters of any script, or for ten family emoji. */
export const NAME_BYTES_MAX = 256;
