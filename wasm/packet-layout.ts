// Where the parts of a packet block lie: what recvmmsg(2) and sendmmsg(2) work on, as the system
// lays it out on 64-bit Linux, and the packets themselves.
//
// One thread has one block and uses it for all its sockets, one batch after the other. The
// structures hold addresses, so a block belongs to a memory that never moves.
// assembly/packet/layout.ts has the same numbers for Wasm; a test compares them.
//
//     block          0 ┌────────────────────────────────────────────────────────────┐
//                      │ receive headers: 256 × mmsghdr of 64 bytes                 │
//               16 KiB ├────────────────────────────────────────────────────────────┤
//                      │ send headers: 256 × mmsghdr, those with an answer in front │
//               32 KiB ├────────────────────────────────────────────────────────────┤
//                      │ vectors: 256 × iovec of the request, iovec of the response │
//               40 KiB ├────────────────────────────────────────────────────────────┤
//                      │ names: 256 × sender's address in 32 bytes                  │
//               48 KiB ├────────────────────────────────────────────────────────────┤
//                      │ controls: 256 × 128 bytes of control messages              │
//               80 KiB ├────────────────────────────────────────────────────────────┤
//                      │ response lengths: 256 × u32, 0 for no answer               │
//               81 KiB ├────────────────────────────────────────────────────────────┤
//                      │ requests: 256 × 1344 bytes                                 │
//              417 KiB ├────────────────────────────────────────────────────────────┤
//                      │ responses: 256 × 1344 bytes                                │
//              753 KiB └────────────────────────────────────────────────────────────┘
//
//     mmsghdr    0      8        16     24     32        40           48      56       60
//               ┌──────┬────────┬──────┬──────┬─────────┬────────────┬───────┬────────┬────┐
//               │ name │ name   │ iov  │ iov  │ control │ control    │ flags │ length │ 0  │
//               │      │ bytes  │      │ count│         │ bytes      │       │        │    │
//               └──────┴────────┴──────┴──────┴─────────┴────────────┴───────┴────────┴────┘
//
// Source: recvmmsg(2); Linux, include/linux/socket.h.

/** Most packets of one batch. */
export const PACKETS_MAX = 256;

/**
 * Room for one packet: an odd number of lines of 64 bytes, so that the first lines of a batch's packets
 * lie in different sets of the cache. A power of two would put them all into a few.
 */
export const PACKET_BYTES = 21 * 64;

/** Longest datagram in either direction: the IPv6 minimum MTU less its headers, RFC 8200 section 5. */
export const DATAGRAM_BYTES_MAX = 1232;

export const HEADER_BYTES = 64;
export const HEADER_NAME = 0;
export const HEADER_NAME_BYTES = 8;
export const HEADER_VECTOR = 16;
export const HEADER_VECTOR_COUNT = 24;
export const HEADER_CONTROL = 32;
export const HEADER_CONTROL_BYTES = 40;
export const HEADER_FLAGS = 48;
export const HEADER_LENGTH = 56;

export const NAME_BYTES = 32;
export const CONTROL_BYTES = 128;
/** Two vectors of 16 bytes, base and length: the request's, then the response's. */
export const VECTOR_PAIR_BYTES = 32;
export const VECTOR_LENGTH = 8;
export const RESPONSE_VECTOR = 16;

export const RECEIVE_HEADERS = 0;
export const SEND_HEADERS = RECEIVE_HEADERS + PACKETS_MAX * HEADER_BYTES;
export const VECTORS = SEND_HEADERS + PACKETS_MAX * HEADER_BYTES;
export const NAMES = VECTORS + PACKETS_MAX * VECTOR_PAIR_BYTES;
export const CONTROLS = NAMES + PACKETS_MAX * NAME_BYTES;
export const RESPONSE_LENGTHS = CONTROLS + PACKETS_MAX * CONTROL_BYTES;
export const REQUESTS = RESPONSE_LENGTHS + PACKETS_MAX * 4;
export const RESPONSES = REQUESTS + PACKETS_MAX * PACKET_BYTES;
export const MESSAGES_END = RESPONSES + PACKETS_MAX * PACKET_BYTES;

// The rest of the packet memory, as assembly/packet/layout.ts draws it. All offsets of a block's parts
// count from its beginning.

/** 10^n as u64 for n from 0 to 15. */
export const POWERS = 64;
export const SALT = 192;
/** For each protocol four u32: cost and burst of a sender, cost and burst of a prefix. */
export const LIMITS = 256;
export const LIMIT_BYTES = 16;
/** Two tables of 2^20 × u16, big enough for every route number. */
export const CARRIERS = 65_536;
export const CARRIERS_BYTES = 2 * (1 << 20);
export const SENDERS = CARRIERS + 2 * CARRIERS_BYTES;
export const BLOCKS = SENDERS + 8192 * 64;

export const FOR_HOST = MESSAGES_END + PACKETS_MAX * 16;
export const WORDS = FOR_HOST + PACKETS_MAX * 4;
export const WORD_HOST_COUNT = WORDS;
export const WORD_KEY_COUNTS = WORDS + 8;
export const WORD_CLOCK = WORDS + 16;
export const WORD_FRESHNESS = WORDS + 32;
export const WORD_SEND_BYTES = WORDS + 64;
export const WORD_CARRIER_TABLE = WORDS + 72;
/** For each protocol 64 counters, 32 words of latencies, 32 words of batch sizes; all u64. */
export const COUNTERS = WORDS + 128;
export const COUNTERS_BYTES = 1024;
export const LATENCIES = 512;
export const LATENCY_WORDS = 24;
/** Which word behind `LATENCIES` has their sum in nanoseconds. */
export const LATENCY_SUM = 31;
export const BATCH_SIZES = 768;
export const BATCH_SIZE_WORDS = 9;
export const KEYS_MAX = 4096;
export const PROTOCOLS = 4;
export const KEYS = COUNTERS + PROTOCOLS * COUNTERS_BYTES;
export const ANSWERS = KEYS + 2 * KEYS_MAX * 8;
const BLOCK_END = ANSWERS + 2 * KEYS_MAX * 4;
/** What ENUM knows: its parts are the packet module's to tell, see resolver/enum/enum-block.ts. */
export const ENUM_BLOCK = Math.ceil(BLOCK_END / 64) * 64;
export const ENUM_BLOCK_BYTES = 17 << 20;
export const BLOCK_BYTES = Math.ceil((ENUM_BLOCK + ENUM_BLOCK_BYTES) / 65_536) * 65_536;

/** Counters that every protocol has; its own begin at COUNT_OWN. */
export const COUNT_RECEIVED = 0;
export const COUNT_RECEIVED_BYTES = 1;
export const COUNT_OVERSIZED = 2;
export const COUNT_LIMITED_SENDER = 3;
export const COUNT_LIMITED_PREFIX = 4;
export const COUNT_UNANSWERED = 5;
export const COUNT_OWN = 8;

export const PROTOCOL_BATCH = 0;
export const PROTOCOL_PDB = 1;
export const PROTOCOL_ENUM = 2;
