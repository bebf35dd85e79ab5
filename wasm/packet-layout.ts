// Where the parts of a packet block lie: what recvmmsg(2) and sendmmsg(2) work on, as the system
// lays it out on 64-bit Linux, and the packets themselves.
//
// One thread has one block and uses it for all its sockets, one batch after the other. The structures
// hold addresses, so a block belongs to a memory that never moves. assembly/packet/layout.ts has the
// same numbers for Wasm; a test compares them.
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
