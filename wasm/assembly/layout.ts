// The layout of the index in its memory: every offset, size and status code, derived from each other.
//
// One memory holds one index. Nothing in it is a pointer: all references are byte offsets from the
// start of the memory, so the bytes mean the same wherever they are loaded. All integers are
// little-endian (the only byte order that Wasm has).
//
//     offset        0 ┌──────────────────────────────────────────────────────────┐ ┐ image,
//                     │ header: identification, current version, free lists      │ ┘ first part
//                 512 ├──────────────────────────────────────────────────────────┤
//                     │ working roots: links to the trees of the batch under way │
//              1 page ├──────────────────────────────────────────────────────────┤
//                     │ 64 reader blocks of a page each: owner, epoch, scratch   │
//            65 pages ├──────────────────────────────────────────────────────────┤
//                     │ change scratch: changes on their way from the host       │
//            66 pages ├──────────────────────────────────────────────────────────┤ ┐
//                     │ arena: nodes, versions, retired lists                    │ │ image,
//         HEADER_USED ├──────────────────────────────────────────────────────────┤ ┘ second part
//                     │ never used                                               │
//                     └──────────────────────────────────────────────────────────┘

export const PAGE_BYTES: u32 = 65536;

// Header. Readers look only at the words from 64 on, the writer works in the others.
//
//      0       8        12      16         24     28        32        36
//     ┌───────┬────────┬───────┬──────────┬──────┬─────────┬─────────┬────────
//     │ magic │ format │ order │ checksum │ used │ first   │ last    │ 0 …
//     │       │ version│ mark  │          │ end  │ retired │ retired │
//     └───────┴────────┴───────┴──────────┴──────┴─────────┴─────────┴────────
//      64      72        76       128                                292    512
//     ┌───────┬─────────┬────────┬──────────────────────────────────┬───────┐
//     │ epoch │ current │ 0 …    │ free lists: 41 × u32             │ 0 …   │
//     │       │ version │        │                                  │       │
//     └───────┴─────────┴────────┴──────────────────────────────────┴───────┘

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
/** Number of the current version, from 1; stored after HEADER_CURRENT, so never ahead of it. */
export const HEADER_EPOCH: u32 = 64;
/** Offset of the current version record. Storing it publishes a batch. */
export const HEADER_CURRENT: u32 = 72;
/** Heads of the free lists, one u32 for each size class. */
export const HEADER_FREE_LISTS: u32 = 128;
export const HEADER_BYTES: u32 = 512;

/** The bytes "bchfindx". */
export const MAGIC: u64 = 0x78646e6966686362;
export const FORMAT: u32 = 2;
export const ORDER_MARK: u32 = 0x01020304;

/** The link (see node.ts) to the root of the trie of the batch under way. */
export const WORKING_ROOT: u32 = HEADER_BYTES;
/** The link (see run-node.ts) to the root of the run tree of the batch under way; 0: no runs. */
export const WORKING_RUNS: u32 = WORKING_ROOT + 4;

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

// A reader block. A lookup keeps what it has under way in the details too, see lookup.ts.
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
export const READERS: u32 = PAGE_BYTES;
export const READER_BYTES: u32 = PAGE_BYTES;

export const CHANGES: u32 = READERS + READERS_MAX * READER_BYTES;
export const CHANGES_MAX: u32 = PAGE_BYTES / RECORD_BYTES;

export const ARENA: u32 = CHANGES + PAGE_BYTES;

// A version record: all that a reader needs to know of one version. It never changes once it is
// current. Root and runs are the roots of the trie and of the run tree.
//
//      0      4      8       12       16       20      24              88
//     ┌──────┬──────┬───────┬────────┬────────┬───────┬───────────────┐
//     │ root │ runs │ run   │ prefix │ ported │ label │ label         │
//     │      │ or 0 │ count │ count  │ count  │ bytes │               │
//     └──────┴──────┴───────┴────────┴────────┴───────┴───────────────┘

export const VERSION_ROOT: u32 = 0;
export const VERSION_RUNS: u32 = 4;
export const VERSION_RUN_COUNT: u32 = 8;
export const VERSION_PREFIX_COUNT: u32 = 12;
export const VERSION_PORTED_COUNT: u32 = 16;
export const VERSION_LABEL_BYTES: u32 = 20;
export const VERSION_LABEL: u32 = 24;
export const LABEL_BYTES: u32 = 64;
export const VERSION_BYTES: u32 = VERSION_LABEL + LABEL_BYTES;

/** Smallest key, and the first integer above the largest. */
export const KEY_MIN: f64 = 10.0;
export const KEY_END: f64 = 2_000_000_000_000_000.0;
export const DIGITS_MAX: u32 = 15;

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
