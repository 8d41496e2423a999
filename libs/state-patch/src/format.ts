/**
 * The constants of the byte form. `docs/state-patch.md` specifies it.
 *
 *     patch     = nothing                          the values are equal
 *               | 00 value                         the new value as a whole
 *               | varint(n) operations[n] values   edits of the old value, n bytes of operations
 *     operation = kind << 4 | last << 3 | gap      a gap of 7 or more is 7 and a varint of the rest
 */

/** Edits the child by the operations that follow. */
export const ENTER = 0;
/** Replaces the child by a value. */
export const SET = 1;
/** Inserts a value before the next child of an array, or a key with a value into an object. */
export const INSERT = 2;
export const REMOVE = 3;
/** Edits the child with the same operations as the last ENTER among its siblings. */
export const AGAIN = 4;
/** Repeats the previous operation for the next children. The gap is the number of these children minus 1. */
export const RUN = 5;
/** Kinds 6 to 10 add a multiple of a decimal step to a number. The step is 10^-(kind - 6). */
export const ADD = 6;
/** Adds float32 steps to a number. One step leads from a float32 value to the next one. */
export const STEP32 = 11;
/** Adds float64 steps to a number. One step leads from a float64 value to the next one. */
export const STEP64 = 12;
/** Replaces the middle of a string. */
export const SPLICE = 13;
/** Negates a boolean. */
export const FLIP = 14;

export const LAST = 0x08;
export const GAP_MASK = 0x07;

/** Tags of values. A tag below 0x80 is itself an integer value. In a range of tags, each tag stands for one length, number or index. */
export const SHORT_TEXT = 0x80;
export const SHORT_LIST = 0xa0;
export const SMALL_NEGATIVE = 0xb0;
export const SHORT_KEYS = 0xc0;
export const SHORT_KNOWN = 0xd0;
export const NULL = 0xe0;
export const FALSE = 0xe1;
export const TRUE = 0xe2;
export const INTEGER = 0xe3;
export const NEGATIVE = 0xe4;
export const FLOAT32 = 0xe5;
export const FLOAT64 = 0xe6;
export const TEXT = 0xe7;
export const LIST = 0xe8;
export const KEYS = 0xe9;
export const KNOWN = 0xea;
export const LIKE = 0xeb;
/** Tags 0xf1 to 0xf4: a decimal with 1 to 4 digits after the point. */
export const DECIMAL = 0xf0;

/** Largest length (in bytes or items), number or index in each of the short ranges above. */
export const SHORT_TEXT_BYTES_MAX = 31;
export const SHORT_MAX = 15;
export const SMALL_NEGATIVE_MIN = -16;
export const SMALL_MAX = 127;

/** Maximum nesting of objects and arrays. It equals the maximum nesting of a room's state. */
export const DEPTH_MAX = 500;
