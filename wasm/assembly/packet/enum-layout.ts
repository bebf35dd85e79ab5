// The layout of the ENUM block: what the answerer of ENUM packets knows besides the packets. Each thread
// has one, behind the blocks of packets. The host fills it (resolver/enum/enum-block.ts) and knows its
// offsets by these exports. All numbers are little-endian, as Wasm has them, except where they lie as
// they go onto the wire.
//
//     block      0 ┌───────────────────────────────────────────────────────────┐
//                  │ settings, scratch                                         │
//             1024 ├───────────────────────────────────────────────────────────┤
//                  │ columns: what parsing found of each packet, 256 × 16      │
//             5120 ├───────────────────────────────────────────────────────────┤
//                  │ prefixes of clients that are not limited, 256 × 32        │
//            13312 ├───────────────────────────────────────────────────────────┤
//                  │ zones, 16 × 1152; the one further down first              │
//            31744 ├───────────────────────────────────────────────────────────┤
//                  │ prefixes of each zone's clients, 16 × 256 × 32            │
//           162816 ├───────────────────────────────────────────────────────────┤
//                  │ pages of templates of each zone, 16 × 1024 × u32          │
//           228352 ├───────────────────────────────────────────────────────────┤
//                  │ heap: pages and templates; then the table of the limiter  │
//                  └───────────────────────────────────────────────────────────┘
//
//     column     0      1      2          4      6        8        10       12
//               ┌──────┬──────┬──────────┬──────┬────────┬────────┬────────┬────────
//               │ zone │ DO   │ question │ EDNS │ UDP    │ cookie │ cookie │ 0
//               │ u8   │ u8   │ end u16  │ u16  │ bytes  │ at u16 │ bytes  │
//               └──────┴──────┴──────────┴──────┴────────┴────────┴────────┴────────
//     EDNS: 1 with an OPT record; UDP bytes: what the client takes, as it stands in OPT
//
//     zone       0        2        4       6       8          16      24            280       512
//               ┌────────┬────────┬───────┬───────┬──────────┬───────┬─────────────┬─────────┬────────
//               │ suffix │ clients│ names │ SOA   │ number   │ prefix│ suffix,     │ names   │ SOA
//               │ bytes  │ or all │ above │ bytes │ prefix   │ digits│ lower case  │ above   │
//               └────────┴────────┴───────┴───────┴──────────┴───────┴─────────────┴─────────┴────────
//     number prefix f64: the key of the digits that the suffix stands for, 1 for none; names above
//     another zone: keys, f64; SOA: the record from its type to its end, as it goes onto the wire
//
//     prefix: 16 bytes of address, 16 of mask

import { COUNT_OWN } from './layout';

// Settings.

export const ENUM_ZONE_COUNT: u32 = 0;
/** How many secrets of cookies there are; 0: COOKIE options are ignored. */
export const ENUM_SECRET_COUNT: u32 = 4;
/** Answers of a class to a network in a second; 0: nothing is limited. */
export const ENUM_RATE: u32 = 8;
export const ENUM_SLIP: u32 = 12;
/** Offset in the memory of the limiter's table, and its sets less one. */
export const ENUM_RATE_TABLE: u32 = 16;
export const ENUM_RATE_SET_MASK: u32 = 20;
export const ENUM_UNLIMITED_COUNT: u32 = 24;
export const ENUM_RATE_KEY: u32 = 32;
/** Up to four secrets of 16 bytes, the one in use first. */
export const ENUM_SECRETS: u32 = 64;

// Scratch.

/** The sender's address, in the common form. */
export const ENUM_CLIENT: u32 = 256;
/** What is hashed, with room for a word behind it. */
export const ENUM_HASH_INPUT: u32 = 288;
/** The data of the answer's COOKIE option. */
export const ENUM_COOKIE_DATA: u32 = 352;
/** The digits of the number, ASCII; 16 bytes. */
export const ENUM_DIGITS: u32 = 384;

export const ENUM_COLUMNS: u32 = 1024;
export const COLUMN_BYTES: u32 = 16;
export const COLUMN_ZONE: u32 = 0;
export const COLUMN_DO: u32 = 1;
export const COLUMN_QUESTION_END: u32 = 2;
export const COLUMN_EDNS: u32 = 4;
export const COLUMN_UDP_BYTES: u32 = 6;
export const COLUMN_COOKIE_AT: u32 = 8;
export const COLUMN_COOKIE_BYTES: u32 = 10;

export const ENUM_PREFIX_BYTES: u32 = 32;
export const ENUM_PREFIXES_MAX: u32 = 256;
export const ENUM_UNLIMITED: u32 = ENUM_COLUMNS + 256 * COLUMN_BYTES;

export const ENUM_ZONES_MAX: u32 = 16;
export const ENUM_ZONES: u32 = ENUM_UNLIMITED + ENUM_PREFIXES_MAX * ENUM_PREFIX_BYTES;
export const ZONE_BYTES: u32 = 1152;
export const ZONE_SUFFIX_BYTES: u32 = 0;
export const ZONE_CLIENTS: u32 = 2;
export const ZONE_NAMES_ABOVE: u32 = 4;
export const ZONE_SOA_BYTES: u32 = 6;
export const ZONE_NUMBER_PREFIX: u32 = 8;
export const ZONE_PREFIX_DIGITS: u32 = 16;
export const ZONE_SUFFIX: u32 = 24;
export const ZONE_NAMES: u32 = 280;
/** Up to 540 bytes: 10 before the data, two names of 255, 20 of numbers. */
export const ZONE_SOA: u32 = 512;
/** In place of a count of clients: everyone. */
export const ZONE_FOR_EVERYONE: u32 = 0xffff;

export const ENUM_ZONE_PREFIXES: u32 = ENUM_ZONES + ENUM_ZONES_MAX * ZONE_BYTES;

// Templates: a page for each 1024 routes, two words for each route: offsets in the memory of the
// templates for numbers that are not ported and that are; 0: not known here.
export const ENUM_PAGES: u32 =
  ENUM_ZONE_PREFIXES + ENUM_ZONES_MAX * ENUM_PREFIXES_MAX * ENUM_PREFIX_BYTES;
export const PAGES_OF_ZONE: u32 = 1024;
export const ROUTES_OF_PAGE: u32 = 1024;
export const TEMPLATES_PAGE_BYTES: u32 = ROUTES_OF_PAGE * 8;

export const ENUM_HEAP: u32 = ENUM_PAGES + ENUM_ZONES_MAX * PAGES_OF_ZONE * 4;

// Counters of ENUM's own, by their places behind those that every protocol has.
export const ENUM_COUNT_RECORDS: u32 = COUNT_OWN;
export const ENUM_COUNT_NO_DATA: u32 = COUNT_OWN + 1;
export const ENUM_COUNT_NXDOMAIN: u32 = COUNT_OWN + 2;
export const ENUM_COUNT_TRUNCATED: u32 = COUNT_OWN + 3;
/** Three: clients' cookies alone, good server cookies, bad ones. */
export const ENUM_COUNT_COOKIE: u32 = COUNT_OWN + 4;
export const ENUM_COUNT_BADCOOKIE: u32 = COUNT_OWN + 7;
export const ENUM_COUNT_LIMITED_DROPPED: u32 = COUNT_OWN + 8;
export const ENUM_COUNT_LIMITED_TRUNCATED: u32 = COUNT_OWN + 9;
/** Packets that were answered here, or dropped by the limit. */
export const ENUM_COUNT_SERVED: u32 = COUNT_OWN + 10;
