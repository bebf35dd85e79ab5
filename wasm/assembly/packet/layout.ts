// The layout of the packet memory, in which datagrams are read and answered.
//
// One shared memory serves all UDP threads of a process. Each thread has a block of its own in it;
// the rest is shared: settings that the main thread writes, the carrier of each route, and the table
// of senders. packet-layout.ts, on the host's side, has the same numbers and draws the part of a block
// that the system's calls work on; a test compares them.
//
//     memory         0 ┌──────────────────────────────────────────────────────────┐
//                      │ settings: powers of ten, salt, limits of each protocol   │
//               64 KiB ├──────────────────────────────────────────────────────────┤
//                      │ carriers: 2 × 2^20 × u16, by route number, see pdb.ts    │
//             4160 KiB ├──────────────────────────────────────────────────────────┤
//                      │ senders: 8192 lines of 8 × u64, see limit.ts             │
//             4672 KiB ├──────────────────────────────────────────────────────────┤
//                      │ blocks, BLOCK_BYTES each                                 │
//                      └──────────────────────────────────────────────────────────┘
//
//     block   behind the packets (MESSAGES_END)
//            ┌──────────────────────┬───────────┬───────┬──────────┬───────────┬───────────────┐
//            │ states: 256 × 16     │ for the   │ words │ counters │ keys      │ answers       │
//            │ verdict, first, count│ host: 256 │       │ 4 × 1 KiB│ 2 × 4096  │ 2 × 4096      │
//            │                      │ × u32     │       │ of u64   │ × f64     │ × u32         │
//            └──────────────────────┴───────────┴───────┴──────────┴───────────┴───────────────┘
//            then the ENUM block, see enum-layout.ts

export const PACKETS_MAX: u32 = 256;
export const PACKET_BYTES: u32 = 21 * 64;
export const DATAGRAM_BYTES_MAX: u32 = 1232;

// Settings.

/** 10^n as u64 for n from 0 to 15. */
export const POWERS: u32 = 64;
/** Hides from strangers which senders share a line of the table. */
export const SALT: u32 = 192;
/** For each protocol: LIMIT_BYTES. */
export const LIMITS: u32 = 256;
export const LIMIT_BYTES: u32 = 16;

export const CARRIERS: u32 = 65_536;
export const ROUTES_MAX: u32 = 1 << 20;
/** One table is in use; the other is filled before a swap and then used, thread by thread. */
export const CARRIERS_BYTES: u32 = ROUTES_MAX * 2;
export const SENDERS: u32 = CARRIERS + 2 * CARRIERS_BYTES;
export const SENDER_LINES: u32 = 8192;
export const BLOCKS: u32 = SENDERS + SENDER_LINES * 64;

// A block's structures for the system's calls.

export const HEADER_BYTES: u32 = 64;
export const HEADER_NAME: u32 = 0;
export const HEADER_NAME_BYTES: u32 = 8;
export const HEADER_VECTOR: u32 = 16;
export const HEADER_CONTROL: u32 = 32;
export const HEADER_CONTROL_BYTES: u32 = 40;
export const HEADER_FLAGS: u32 = 48;
export const HEADER_LENGTH: u32 = 56;
export const NAME_BYTES: u32 = 32;
export const CONTROL_BYTES: u32 = 128;
export const VECTOR_PAIR_BYTES: u32 = 32;
export const VECTOR_LENGTH: u32 = 8;
export const RESPONSE_VECTOR: u32 = 16;

export const RECEIVE_HEADERS: u32 = 0;
export const SEND_HEADERS: u32 = RECEIVE_HEADERS + PACKETS_MAX * HEADER_BYTES;
export const VECTORS: u32 = SEND_HEADERS + PACKETS_MAX * HEADER_BYTES;
export const NAMES: u32 = VECTORS + PACKETS_MAX * VECTOR_PAIR_BYTES;
export const CONTROLS: u32 = NAMES + PACKETS_MAX * NAME_BYTES;
export const RESPONSE_LENGTHS: u32 = CONTROLS + PACKETS_MAX * CONTROL_BYTES;
export const REQUESTS: u32 = RESPONSE_LENGTHS + PACKETS_MAX * 4;
export const RESPONSES: u32 = REQUESTS + PACKETS_MAX * PACKET_BYTES;
export const MESSAGES_END: u32 = RESPONSES + PACKETS_MAX * PACKET_BYTES;

// What is made of the packets.

export const STATES: u32 = MESSAGES_END;
export const STATE_BYTES: u32 = 16;
export const STATE_VERDICT: u32 = 0;
/** Where in the column of keys the packet's numbers begin, how many they are, and what else. */
export const STATE_FIRST: u32 = 4;
export const STATE_COUNT: u32 = 8;
export const STATE_EXTRA: u32 = 12;
/** Numbers of the packets that the host answers. */
export const FOR_HOST: u32 = STATES + PACKETS_MAX * STATE_BYTES;
export const WORDS: u32 = FOR_HOST + PACKETS_MAX * 4;
export const WORD_HOST_COUNT: u32 = WORDS;
/** Two words: keys of IMSIs, of MSISDNs. */
export const WORD_KEY_COUNTS: u32 = WORDS + 8;
/** Nanoseconds since 1970 of the batch, as clock_gettime writes them: seconds i64, rest i64. */
export const WORD_CLOCK: u32 = WORDS + 16;
/** For each identity kind 16 bytes: height u64, lag u32, route table version u32. */
export const WORD_FRESHNESS: u32 = WORDS + 32;
/** Bytes of the responses that prepareSend found. */
export const WORD_SEND_BYTES: u32 = WORDS + 64;
/** Which table of carriers the thread answers from, 0 or 1. */
export const WORD_CARRIER_TABLE: u32 = WORDS + 72;
export const COUNTERS: u32 = WORDS + 128;
export const PROTOCOLS: u32 = 4;
/** 64 counters, 32 words of latencies, 32 words of batch sizes. */
export const COUNTERS_BYTES: u32 = 1024;
export const LATENCIES: u32 = 64 * 8;
export const BATCH_SIZES: u32 = 96 * 8;

/** Most keys of an identity kind in one round: what a reader looks up at once. */
export const KEYS_MAX: u32 = 4096;
export const KEYS: u32 = COUNTERS + PROTOCOLS * COUNTERS_BYTES;
export const ANSWERS: u32 = KEYS + 2 * KEYS_MAX * 8;
export const BLOCK_END: u32 = ANSWERS + 2 * KEYS_MAX * 4;
/** What ENUM knows, see enum-layout.ts; what is not used of it takes no memory. */
export const ENUM_BLOCK: u32 = (BLOCK_END + 63) & ~63;
export const ENUM_BLOCK_BYTES: u32 = 17 << 20;
/** Whole pages. */
export const BLOCK_BYTES: u32 = (ENUM_BLOCK + ENUM_BLOCK_BYTES + 65_535) & ~65_535;

// Verdicts on a packet.

/** No answer. */
export const DROPPED: u32 = 0;
/** Answered here. */
export const SERVED: u32 = 1;
/** Answered by the host. */
export const HOST: u32 = 2;
/** Answered here without a lookup. */
export const SETTLED: u32 = 3;

// Counters that every protocol has; those of its own begin behind them.

export const COUNT_RECEIVED: u32 = 0;
export const COUNT_RECEIVED_BYTES: u32 = 1;
export const COUNT_OVERSIZED: u32 = 2;
export const COUNT_LIMITED_SENDER: u32 = 3;
export const COUNT_LIMITED_PREFIX: u32 = 4;
export const COUNT_UNANSWERED: u32 = 5;
export const COUNT_OWN: u32 = 8;

export const PROTOCOL_BATCH: u32 = 0;
export const PROTOCOL_PDB: u32 = 1;
export const PROTOCOL_ENUM: u32 = 2;
