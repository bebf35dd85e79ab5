// The system's structures: what has to be made ready before a batch is received, and before the
// responses are sent.

import { block, count } from './block';
import {
  BATCH_SIZES,
  CONTROL_BYTES,
  CONTROLS,
  COUNT_UNANSWERED,
  COUNTERS,
  COUNTERS_BYTES,
  HEADER_BYTES,
  HEADER_CONTROL,
  HEADER_CONTROL_BYTES,
  HEADER_FLAGS,
  HEADER_NAME,
  HEADER_NAME_BYTES,
  HEADER_VECTOR,
  LATENCIES,
  NAME_BYTES,
  NAMES,
  RECEIVE_HEADERS,
  RESPONSE_LENGTHS,
  RESPONSE_VECTOR,
  SEND_HEADERS,
  VECTOR_LENGTH,
  VECTOR_PAIR_BYTES,
  VECTORS,
  WORD_CLOCK,
  WORD_SEND_BYTES,
} from './layout';

const SOL_SOCKET: i32 = 1;
const SO_TIMESTAMPNS: i32 = 35;
const IPPROTO_IP: i32 = 0;
const IP_PKTINFO: i32 = 8;
const IPPROTO_IPV6: i32 = 41;
const IPV6_PKTINFO: i32 = 50;
const CONTROL_HEADER_BYTES: u32 = 16;

/** Gives the first `packets` receive headers back what the system overwrites. */
export function rewindReceive(packets: u32): void {
  let header = block + RECEIVE_HEADERS;
  for (const end = header + packets * HEADER_BYTES; header < end; header += HEADER_BYTES) {
    store<u32>(header, NAME_BYTES, HEADER_NAME_BYTES);
    store<u64>(header, CONTROL_BYTES, HEADER_CONTROL_BYTES);
    store<u32>(header, 0, HEADER_FLAGS);
  }
}

/** The control message of a packet by level and type; 0 where it has none. */
function controlOf(packet: u32, level: i32, type: i32): u32 {
  const header = block + RECEIVE_HEADERS + packet * HEADER_BYTES;
  let control = block + CONTROLS + packet * CONTROL_BYTES;
  const end = control + min(load<u32>(header, HEADER_CONTROL_BYTES), CONTROL_BYTES);
  while (control + CONTROL_HEADER_BYTES <= end) {
    const bytes = load<u32>(control);
    if (bytes < CONTROL_HEADER_BYTES || bytes > CONTROL_BYTES) return 0;
    if (load<i32>(control, 8) == level && load<i32>(control, 12) == type) return control;
    control += (bytes + 7) & ~7;
  }
  return 0;
}

/**
 * Makes a send header for each of the first `packets` that has a response; returns how many. The
 * response goes to the request's sender, from the address that the request was sent to.
 *
 * @param address what offset 0 of the memory is for the system
 */
export function prepareSend(protocol: u32, packets: u32, address: u64): u32 {
  let prepared: u32 = 0;
  let responseBytes: u32 = 0;
  for (let packet: u32 = 0; packet < packets; packet++) {
    const bytes = load<u32>(block + RESPONSE_LENGTHS + (packet << 2));
    if (bytes == 0) continue;
    responseBytes += bytes;
    const vector = block + VECTORS + packet * VECTOR_PAIR_BYTES + RESPONSE_VECTOR;
    store<u64>(vector, bytes, VECTOR_LENGTH);
    const from = block + RECEIVE_HEADERS + packet * HEADER_BYTES;
    const to = block + SEND_HEADERS + prepared * HEADER_BYTES;
    store<u64>(to, address + (block + NAMES + packet * NAME_BYTES), HEADER_NAME);
    store<u32>(to, load<u32>(from, HEADER_NAME_BYTES), HEADER_NAME_BYTES);
    store<u64>(to, address + vector, HEADER_VECTOR);
    let control: u32 = 0;
    if (load<u32>(from, HEADER_CONTROL_BYTES) != 0) {
      control = controlOf(packet, IPPROTO_IP, IP_PKTINFO);
      if (control == 0) control = controlOf(packet, IPPROTO_IPV6, IPV6_PKTINFO);
    }
    store<u64>(to, control == 0 ? 0 : address + control, HEADER_CONTROL);
    store<u64>(to, control == 0 ? 0 : (load<u32>(control) + 7) & ~7, HEADER_CONTROL_BYTES);
    prepared++;
  }
  count(protocol, COUNT_UNANSWERED, packets - prepared);
  store<u32>(block + WORD_SEND_BYTES, responseBytes);
  return prepared;
}

// Latencies and batch sizes are counted by powers of two: word n has those up to 2^n, the last all
// that are longer; behind them, at LATENCY_SUM, the sum in nanoseconds.

const LATENCY_WORDS: u32 = 24;
const LATENCY_SUM: u32 = 31;
const SIZE_WORDS: u32 = 9;

/** The lowest n for which a value is at most 2^n. */
function rankOf(value: u32): u32 {
  return value <= 1 ? 0 : 32 - clz<u32>(value - 1);
}

function tally(words: u32, word: u32, amount: u64): void {
  const at = block + words + (word << 3);
  store<u64>(at, load<u64>(at) + amount);
}

/**
 * Notes how long the packets of a batch were here: from the kernel's time stamp where they have one,
 * else from `begun`, to the clock's word, both in nanoseconds since 1970.
 */
export function observe(protocol: u32, packets: u32, begun: u64, stamped: bool): void {
  const own = COUNTERS + protocol * COUNTERS_BYTES;
  const now = load<u64>(block + WORD_CLOCK) * 1_000_000_000 + load<u64>(block + WORD_CLOCK + 8);
  tally(own + BATCH_SIZES, min(rankOf(packets), SIZE_WORDS - 1), 1);
  if (!stamped) {
    note(own, now - min(begun, now), packets);
    return;
  }
  for (let packet: u32 = 0; packet < packets; packet++) {
    const stamp = controlOf(packet, SOL_SOCKET, SO_TIMESTAMPNS);
    const arrived =
      stamp == 0 ? begun : load<u64>(stamp, 16) * 1_000_000_000 + load<u64>(stamp, 24);
    // The clock may have been set back meanwhile.
    note(own, now - min(arrived, now), 1);
  }
}

function note(own: u32, ns: u64, amount: u64): void {
  const us = <u32>min<u64>(ns / 1000, u32.MAX_VALUE);
  tally(own + LATENCIES, min(rankOf(us), LATENCY_WORDS - 1), amount);
  tally(own + LATENCIES, LATENCY_SUM, ns * amount);
}
