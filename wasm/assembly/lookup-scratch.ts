// What a batch of lookups has under way, in the reader's details: loops pass it on to each other.
//
//     64     128         256     384                   8576    9616     10656    11696   12736    14016
//    ┌──────┬───────────┬───────┬─────────────────────┬───────┬────────┬────────┬───────┬──────────┬───
//    │ root │ constants │ masks │ columns of a group: │ noted │ hits   │ listed │ own   │ outside: │ …
//    │ node │ 8 × 16    │ 128   │ 8 × 256 × u32       │260×u32│260×u32 │260×u32 │260×u32│ 64 × 20  │
//    └──────┴───────────┴───────┴─────────────────────┴───────┴────────┴────────┴───────┴──────────┴───
//     14016       16064        16336
//    ┌───────────┬────────────┬───
//    │ walkers:  │ under way: │
//    │ 64 × 32   │ 68 × u32   │
//    └───────────┴────────────┴───
//
// A *lane* is the place of one lookup of the group in the first column, as an offset into the memory.
// Noted lanes go into lists; each has room for a last note that does not count, as notes are written
// first and then counted or not, without a branch.

import { KEY_END, READER_DETAILS, READER_KEYS } from './layout';

/** Most keys of a group: their lines fill half of a first-level cache of 32 KiB. */
export const GROUP: u32 = 256;
export const COLUMN_BYTES: u32 = GROUP * 4;
const LIST_BYTES: u32 = COLUMN_BYTES + 16;

/** Where in the root four keys lead, while they are divided each by itself. */
export const IN_ROOT: u32 = READER_DETAILS;
/** The node of a group that lies in one, four times, and the upper half that its shifted keys have. */
export const NODE: u32 = IN_ROOT + 16;
export const UPPER: u32 = NODE + 16;
export const CONSTANTS: u32 = READER_DETAILS + 64;
/** 64 bytes of ones, then 64 of zeros: from `rank` bytes before the zeros on, a mask of `rank` bytes. */
export const MASKS: u32 = CONSTANTS + 8 * 16;
export const MASK_BYTES: u32 = 64;

/** First lane; columns are relative to a lane. */
export const LANES: u32 = MASKS + 2 * MASK_BYTES;
export const LINE: u32 = 0;
/** Dense area, relative to ABSENT_AREA; of a sparse one, what has its header at the same distance. */
export const AREA: u32 = LINE + COLUMN_BYTES;
export const SHAPE: u32 = AREA + COLUMN_BYTES;
/**
 * For number 8g + i of a grouped line: 62 − g, which shifts the bit of its group to the top, and 7 − i,
 * the place of its own bit in the byte of the group. Together they tell the number; see PLACE_LAST.
 */
export const GROUP_SHIFT: u32 = SHAPE + COLUMN_BYTES;
export const IN_GROUP: u32 = GROUP_SHIFT + COLUMN_BYTES;

/**
 * Of the group that comes next: AREA (while keys are divided, the address of its word), the descriptor
 * relative to ABSENT_AREA, the place in the segment.
 */
export const NEXT_AREA: u32 = IN_GROUP + COLUMN_BYTES;
export const DESCRIPTOR: u32 = NEXT_AREA + COLUMN_BYTES;
export const IN_SEGMENT: u32 = DESCRIPTOR + COLUMN_BYTES;

/** Lists of lanes, see lookup-finish.ts. */
export const NOTED: u32 = LANES + 8 * COLUMN_BYTES;
export const HITS: u32 = NOTED + LIST_BYTES;
export const LISTED: u32 = HITS + LIST_BYTES;
export const OWN: u32 = LISTED + LIST_BYTES;

/** Notes of codes outside of their lines: place of the answer, block, bit, header of the area, shape. */
export const OUTSIDE: u32 = OWN + LIST_BYTES;
export const OUTSIDE_ANSWER: u32 = 0;
export const OUTSIDE_BLOCK: u32 = 4;
export const OUTSIDE_BIT: u32 = 8;
export const OUTSIDE_AREA: u32 = 12;
export const OUTSIDE_SHAPE: u32 = 16;
export const OUTSIDE_BYTES: u32 = 20;
export const OUTSIDE_END: u32 = OUTSIDE + 64 * OUTSIDE_BYTES;

/**
 * Walkers, see lookup-background.ts: place of the answer, node (with a mark), digits as a fraction, key, its length, where
 * else an outer run may be.
 */
export const WALKERS: u32 = OUTSIDE_END;
export const WALKERS_MAX: u32 = 64;
export const WALKER_ANSWER: u32 = 0;
export const WALKER_NODE: u32 = 4;
export const WALKER_DIGITS: u32 = 8;
export const WALKER_KEY: u32 = 16;
export const WALKER_LENGTH: u32 = 24;
export const WALKER_ASIDE: u32 = 28;
export const WALKER_BYTES: u32 = 32;
/** Those under way, with room for a last one that does not count. */
export const UNDER_WAY: u32 = WALKERS + WALKERS_MAX * WALKER_BYTES;
const WALKERS_END: u32 = UNDER_WAY + WALKERS_MAX * 4 + 16;

// The constants. V8 makes a constant vector anew, in three instructions, wherever it is used, and so one
// that is spread from a number; one that comes from memory it keeps in a register.

export const INTEGER_SHIFT: u32 = CONSTANTS;
export const KEY_LIMIT: u32 = CONSTANTS + 16;
export const ROOT_MASK: u32 = CONSTANTS + 32;
export const NODE_MASK: u32 = CONSTANTS + 48;
export const AREA_MASK: u32 = CONSTANTS + 64;
export const NUMBER_MASK: u32 = CONSTANTS + 80;
export const PLACE_MAX: u32 = CONSTANTS + 96;
export const IN_GROUP_MASK: u32 = CONSTANTS + 112;

/** See {@link GROUP_SHIFT}: 8 × (62 − g) + 7 − i of number 0. */
export const PLACE_LAST: u32 = 62 * 8 + 7;

/** Lays constants and masks into a reader's details, where other calls leave other things. */
export function layConstants(reader: u32): void {
  // Adding 2^52 to a key leaves the key as an integer in the low 52 bits.
  v128.store(reader, f64x2.splat(4_503_599_627_370_496.0), INTEGER_SHIFT);
  // Keys from KEY_END on become this one, which is no integer, and so like all others that are none.
  v128.store(reader, f64x2.splat(KEY_END - 0.5), KEY_LIMIT);
  v128.store(reader, i32x4.splat(0x7_fffc), ROOT_MASK);
  v128.store(reader, i32x4.splat(0xffc), NODE_MASK);
  v128.store(reader, i32x4.splat(0xff0), AREA_MASK);
  v128.store(reader, i32x4.splat(0xffff), NUMBER_MASK);
  v128.store(reader, i32x4.splat(PLACE_LAST), PLACE_MAX);
  v128.store(reader, i32x4.splat(7), IN_GROUP_MASK);
  memory.fill(reader + MASKS, 0xff, MASK_BYTES);
  memory.fill(reader + MASKS + MASK_BYTES, 0, MASK_BYTES);
}

assert(WALKERS_END <= READER_KEYS);
