// The layout of the index in its memory: every offset, size and status code, derived from each other.
//
// One memory holds one index. Nothing in it is a pointer: all references are byte offsets from the
// start of the memory, so the bytes mean the same wherever they are loaded. All integers are
// little-endian (the only byte order that Wasm has).
//
//     offset        0 ┌──────────────────────────────────────────────────────────┐ ┐
//                     │ header: identification, current version, free lists      │ │ image,
//                     │ constants: empty line, absent area, empty node           │ │ first part
//              1 page ├──────────────────────────────────────────────────────────┤ ┘
//                     │ root of the directory, see directory.ts                  │   second part: the
//             9 pages ├──────────────────────────────────────────────────────────┤   part in use
//                     │ heads of the patches' chains, see patch.ts               │
//            13 pages ├──────────────────────────────────────────────────────────┤
//                     │ 64 reader blocks of a page each: owner, epoch, scratch   │
//            77 pages ├──────────────────────────────────────────────────────────┤
//                     │ change scratch: changes on their way from the host       │
//            79 pages ├──────────────────────────────────────────────────────────┤
//                     │ the writer's scratch: entries taken apart, codes         │
//           101 pages ├──────────────────────────────────────────────────────────┤ ┐
//                     │ arena: lines, areas, patches, runs, prefixes, versions   │ │ third part
//         HEADER_USED ├──────────────────────────────────────────────────────────┤ ┘
//                     │ never used; at least ARENA_SLACK bytes                   │
//                     └──────────────────────────────────────────────────────────┘

export const PAGE_BYTES: u32 = 65536;

// Header. Readers look only at the words from 64 on, the writer works in the others.
//
//      0       8        12      16         24     28        36            44        52      56       60
//     ┌───────┬────────┬───────┬──────────┬──────┬─────────┬─────────────┬─────────┬───────┬────────┬─────────
//     │ magic │ format │ order │ checksum │ used │ retired │ root in use │ patches │ free  │ newest │ reserve
//     │       │ version│ mark  │          │ end  │ queue   │ from, to    │ queue   │ areas │ patch  │
//     └───────┴────────┴───────┴──────────┴──────┴─────────┴─────────────┴─────────┴───────┴────────┴─────────
//      64      72        76     84    128                             292    512   520
//     ┌───────┬─────────┬──────┬─────┬────────────────────────────────┬──────┬─────┬──────┐
//     │ epoch │ current │ gaps │ 0 … │ free lists: 41 × u32           │ 0 …  │ WIP │ 0 …  │
//     │       │ version │      │     │                                │      │     │      │
//     └───────┴─────────┴──────┴─────┴────────────────────────────────┴──────┴─────┴──────┘
//      4096                                12288   12352   12416     16384         20480        28672
//     ┌──────────────────────────────────┬───────┬─────────┬─────────┬─────────────┬────────────┬───────┐
//     │ free lists of lines: 1025 × u32  │ empty │ generic │ generic │ absent area │ empty node │ 0 …   │
//     │                                  │ line  │ line    │ line, 2 │             │            │       │
//     └──────────────────────────────────┴───────┴─────────┴─────────┴─────────────┴────────────┴───────┘

export const HEADER_MAGIC: u32 = 0;
export const HEADER_FORMAT: u32 = 8;
export const HEADER_ORDER_MARK: u32 = 12;
/** XXH64 of the image with this field zero; right only in an image, see image.ts. */
export const HEADER_CHECKSUM: u32 = 16;
/** Offset of the first byte of the arena that was never allocated. */
export const HEADER_USED: u32 = 24;
/** First and last chunk of the queue of retired blocks, 0 where it is empty. */
export const HEADER_RETIRED_FIRST: u32 = 28;
export const HEADER_RETIRED_LAST: u32 = 32;
/** The part of the root that was ever in use: its first byte and the first behind it. */
export const HEADER_ROOT_FIRST: u32 = 36;
export const HEADER_ROOT_END: u32 = 40;
/** First and last list of the patches that were taken away, the first 0 where there is none. */
export const HEADER_PATCHES_FIRST: u32 = 44;
export const HEADER_PATCHES_LAST: u32 = 48;
/** Head of the free list of areas. */
export const HEADER_FREE_AREAS: u32 = 52;
/** The patch that was made last, the others behind it, 0: none. Right only in an image; see patch.ts. */
export const HEADER_NEWEST_PATCH: u32 = 56;
/** The block that is kept for a full memory, 0 where there is none; see reserve.ts. */
export const HEADER_RESERVE: u32 = 60;
/** Number of the current version, from 1; stored after HEADER_CURRENT, so never ahead of it. */
export const HEADER_EPOCH: u32 = 64;
/** Offset of the current version record. Storing it publishes a batch. */
export const HEADER_CURRENT: u32 = 72;
/** Heads of the lists of gaps, see free-gaps.ts. */
export const HEADER_SMALL_GAPS: u32 = 76;
export const HEADER_LARGE_GAPS: u32 = 80;
/** Heads of the free lists, one u32 for each size class. */
export const HEADER_FREE_LISTS: u32 = 128;

/** The link (see prefix-node.ts) to the root of the prefixes of the batch under way. */
export const WORKING_ROOT: u32 = 512;
/** The link (see run-node.ts) to the root of the run tree of the batch under way; 0: no runs. */
export const WORKING_RUNS: u32 = WORKING_ROOT + 4;

/** Bytes of a line, what a processor loads at once. */
export const LINE_BYTES: u32 = 64;
/** Lines are allocated in blocks of any number up to this, each number with a free list. */
export const LINES_MAX: u32 = 1024;
/** Heads of the free lists of blocks of lines, one u32 for each number of lines from 0. */
export const LINE_LISTS: u32 = 4096;
/** A line without entries, for segments that have no lines of their own; see line.ts. */
export const EMPTY_LINE: u32 = 12288;
/** The same for segments whose background is not the same everywhere. */
export const GENERIC_LINE: u32 = EMPTY_LINE + LINE_BYTES;
/** The same for a number that was already led to its segment in a sparse area; see lookup-sparse.ts. */
export const LED_GENERIC_LINE: u32 = GENERIC_LINE + LINE_BYTES;
/** What takes the place of an area that is absent or sparse; see directory.ts. */
export const ABSENT_AREA: u32 = 16384;
/** What takes the place of a node that is absent. */
export const EMPTY_NODE: u32 = 20480;
export const HEADER_BYTES: u32 = PAGE_BYTES;

/** The bytes "bchfindx". */
export const MAGIC: u64 = 0x78646e6966686362;
export const FORMAT: u32 = 5;
export const ORDER_MARK: u32 = 0x01020304;

/** Smallest key, and the first integer above the largest. */
export const KEY_MIN: f64 = 10.0;
export const KEY_END: f64 = 2_000_000_000_000_000.0;
export const DIGITS_MAX: u32 = 15;

// The directory divides the keys, as binary numbers, from the top.
//
//     50            34 33           24 23           16 15             0
//    ┌────────────────┬───────────────┬───────────────┬────────────────┐
//    │ place in root  │ area in node  │ segment       │ number in the  │
//    │                │               │ in area       │ segment        │
//    └────────────────┴───────────────┴───────────────┴────────────────┘

export const SEGMENT_BITS: u32 = 16;
export const AREA_BITS: u32 = 24;
export const NODE_BITS: u32 = 34;
export const SEGMENTS: u32 = 1 << (AREA_BITS - SEGMENT_BITS);
export const NODE_AREAS: u32 = 1 << (NODE_BITS - AREA_BITS);

/** A dense area: see area.ts. */
export const AREA_BYTES: u32 = 8192;
export const AREA_ALIGNMENT: u32 = 4096;

export const ROOT: u32 = HEADER_BYTES;
export const ROOT_BYTES: u32 = 8 * PAGE_BYTES;

/** Heads of the chains of patches: u32 each. */
export const CHAINS: u32 = ROOT + ROOT_BYTES;
export const CHAINS_BITS: u32 = 16;

// An entry record, the one form of an entry in memory: in the change scratch, in the run tree and in
// the details of a reader. The tail is the kind.
//
//      0          8        16      20     24              32
//     ┌──────────┬────────┬───────┬──────┬───────────────┐
//     │ from f64 │ to f64 │ route │ tail │ user data f64 │
//     └──────────┴────────┴───────┴──────┴───────────────┘

export const RECORD_FROM: u32 = 0;
export const RECORD_TO: u32 = 8;
export const RECORD_ROUTE: u32 = 16;
export const RECORD_TAIL: u32 = 20;
/** Index of the user data; in a run that of its first number. An integer, or NO_USER_DATA. */
export const RECORD_USER_DATA: u32 = 24;
export const RECORD_BYTES: u32 = 32;

/** In place of a route: none; in a change: delete the entry. */
export const NO_ROUTE: u32 = 0xffff_ffff;
/** In place of an index of user data: none. */
export const NO_USER_DATA: f64 = -1.0;
/** First integer above the indexes of user data. */
export const USER_DATA_END: f64 = 281_474_976_710_656.0;

export const KIND_PREFIX: u32 = 1;
export const KIND_FRAGMENTED: u32 = 2;
export const KIND_PORTED: u32 = 3;

// A reader block. A lookup keeps what it has under way in the details too, see lookup-scratch.ts.
//
//      0       8       64                  16384         49152           65536
//     ┌───────┬───────┬───────────────────┬─────────────┬───────────────┐
//     │ owner │ epoch │ details: 510      │ keys: 4096  │ answers: 4096 │
//     │ u32   │ u64   │ entry records     │ × f64       │ × u32         │
//     └───────┴───────┴───────────────────┴─────────────┴───────────────┘

export const READERS_MAX: u32 = 64;
export const BATCH_MAX: u32 = 4096;
/** 1 while a reader has the block, otherwise 0. */
export const READER_OWNER: u32 = 0;
/** The epoch that the reader entered with, or 0 between its batches. */
export const READER_EPOCH: u32 = 8;
export const READER_DETAILS: u32 = 64;
export const READER_ANSWERS: u32 = PAGE_BYTES - BATCH_MAX * 4;
export const READER_KEYS: u32 = READER_ANSWERS - BATCH_MAX * 8;
export const DETAILS_MAX: u32 = (READER_KEYS - READER_DETAILS) / RECORD_BYTES;
export const READERS: u32 = CHAINS + (4 << CHAINS_BITS);
export const READER_BYTES: u32 = PAGE_BYTES;

export const CHANGES: u32 = READERS + READERS_MAX * READER_BYTES;
/** At most as many as fit into 12 bits, for the order of changes of one key. */
export const CHANGES_MAX: u32 = 4096;
export const CHANGES_BYTES: u32 = 2 * PAGE_BYTES;

// Prefixes and runs come as entry records, ported numbers in columns:
//
//     CHANGES  0            32768           49152               81920
//             ┌────────────┬───────────────┬───────────────────┐
//             │ keys f64   │ routes u32    │ user data f64     │   CHANGES_MAX each
//             └────────────┴───────────────┴───────────────────┘

export const CHANGE_ROUTES: u32 = CHANGES + CHANGES_MAX * 8;
export const CHANGE_USERS: u32 = CHANGE_ROUTES + CHANGES_MAX * 4;

// The writer's scratch: entries taken apart, in three columns; the order of a scratchful of changes;
// a cache of the codes of routes; a line in the making.

/** As many entries as a segment has numbers. */
export const ENTRIES_MAX: u32 = 1 << SEGMENT_BITS;
export const ENTRY_OFFSETS: u32 = CHANGES + CHANGES_BYTES;
export const ENTRY_ROUTES: u32 = ENTRY_OFFSETS + ENTRIES_MAX * 4;
export const ENTRY_USERS: u32 = ENTRY_ROUTES + ENTRIES_MAX * 4;
export const ORDER: u32 = ENTRY_USERS + ENTRIES_MAX * 8;
/** Where an area is divided, no changes are in order. */
export const BOUNDS: u32 = ORDER;
export const CODES: u32 = ORDER + PAGE_BYTES;
export const CODES_BITS: u32 = 16;
export const LINE_BUFFER: u32 = CODES + (4 << CODES_BITS);
/** Codes on their way to a block outside of a line: 20 bits for each of 400 at most. */
export const CODES_BUFFER: u32 = LINE_BUFFER + PAGE_BYTES / 2;
/** The codes of the entries of a line, a u32 each. */
export const ENTRY_CODES: u32 = CODES_BUFFER + PAGE_BYTES / 4;

export const ARENA: u32 = LINE_BUFFER + PAGE_BYTES;
/** Bytes behind the arena that can always be loaded: a load may begin in its last bytes. */
export const ARENA_SLACK: u32 = 64;

// A version record: all that a reader needs to know of one version. It never changes once it is
// current. Root and runs are the roots of the prefixes' trie and of the run tree.
//
//      0      4      8       12       16       20      24      32              96
//     ┌──────┬──────┬───────┬────────┬────────┬───────┬───────┬───────────────┐
//     │ root │ runs │ run   │ prefix │ ported │ label │ epoch │ label         │
//     │      │ or 0 │ count │ count  │ count  │ bytes │ u64   │               │
//     └──────┴──────┴───────┴────────┴────────┴───────┴───────┴───────────────┘

export const VERSION_ROOT: u32 = 0;
export const VERSION_RUNS: u32 = 4;
export const VERSION_RUN_COUNT: u32 = 8;
export const VERSION_PREFIX_COUNT: u32 = 12;
export const VERSION_PORTED_COUNT: u32 = 16;
export const VERSION_LABEL_BYTES: u32 = 20;
/** The version's number; see HEADER_EPOCH. */
export const VERSION_EPOCH: u32 = 24;
export const VERSION_LABEL: u32 = 32;
export const LABEL_BYTES: u32 = 64;
export const VERSION_BYTES: u32 = VERSION_LABEL + LABEL_BYTES;

/** What a function of the writer returns. */
export const STATUS_DONE: u32 = 0;
export const STATUS_FULL: u32 = 1;
export const STATUS_CROSSING: u32 = 2;

/** What the check of an image returns. */
export const IMAGE_GOOD: u32 = 0;
export const IMAGE_NOT_ONE: u32 = 1;
export const IMAGE_OTHER_FORMAT: u32 = 2;
export const IMAGE_OTHER_BYTE_ORDER: u32 = 3;
export const IMAGE_INCONSISTENT: u32 = 4;
export const IMAGE_DAMAGED: u32 = 5;
export const IMAGE_BROKEN_ENTRY: u32 = 6;
