// The block of this instance's thread: its packets, columns and counters.

import {
  ANSWERS,
  COUNT_OVERSIZED,
  COUNT_RECEIVED,
  COUNT_RECEIVED_BYTES,
  COUNTERS,
  COUNTERS_BYTES,
  DATAGRAM_BYTES_MAX,
  DROPPED,
  FOR_HOST,
  HEADER_BYTES,
  HEADER_FLAGS,
  HEADER_LENGTH,
  HOST,
  KEYS,
  KEYS_MAX,
  PACKET_BYTES,
  RECEIVE_HEADERS,
  REQUESTS,
  RESPONSE_LENGTHS,
  RESPONSES,
  STATE_BYTES,
  STATE_COUNT,
  STATE_FIRST,
  STATE_VERDICT,
  STATES,
  WORD_HOST_COUNT,
  WORD_KEY_COUNTS,
} from './layout';
import { isWithinLimits } from './limit';

const MSG_TRUNC: u32 = 0x20;

/** Offset of the block. */
export let block: u32 = 0;

export function setBlock(offset: u32): void {
  block = offset;
}

export function count(protocol: u32, counter: u32, amount: u64 = 1): void {
  const at = block + COUNTERS + protocol * COUNTERS_BYTES + (counter << 3);
  store<u64>(at, load<u64>(at) + amount);
}

/** Begins a round: no keys, and nothing for the host. */
export function beginRound(): void {
  store<u64>(block + WORD_KEY_COUNTS, 0);
  store<u32>(block + WORD_HOST_COUNT, 0);
}

/**
 * Bytes of a packet that may be looked at; −1 for one that is dropped, which has been counted: longer
 * than any datagram of the protocols, or over its sender's limit.
 */
export function admit(protocol: u32, packet: u32): i32 {
  const header = block + RECEIVE_HEADERS + packet * HEADER_BYTES;
  const bytes = load<u32>(header + HEADER_LENGTH);
  count(protocol, COUNT_RECEIVED);
  count(protocol, COUNT_RECEIVED_BYTES, bytes);
  if (bytes > DATAGRAM_BYTES_MAX || (load<u32>(header + HEADER_FLAGS) & MSG_TRUNC) != 0) {
    count(protocol, COUNT_OVERSIZED);
    return -1;
  }
  return isWithinLimits(protocol, packet) ? <i32>bytes : -1;
}

export function requestOf(packet: u32): u32 {
  return block + REQUESTS + packet * PACKET_BYTES;
}

export function responseOf(packet: u32): u32 {
  return block + RESPONSES + packet * PACKET_BYTES;
}

export function setResponseBytes(packet: u32, bytes: u32): void {
  store<u32>(block + RESPONSE_LENGTHS + (packet << 2), bytes);
}

export function stateOf(packet: u32): u32 {
  return block + STATES + packet * STATE_BYTES;
}

/** Leaves a packet without an answer. */
export function drop(packet: u32): void {
  store<u32>(stateOf(packet), DROPPED, STATE_VERDICT);
  setResponseBytes(packet, 0);
}

/** Leaves a packet to the host. */
export function leaveToHost(packet: u32): void {
  store<u32>(stateOf(packet), HOST, STATE_VERDICT);
  setResponseBytes(packet, 0);
  const hostCount = load<u32>(block + WORD_HOST_COUNT);
  store<u32>(block + FOR_HOST + (hostCount << 2), packet);
  store<u32>(block + WORD_HOST_COUNT, hostCount + 1);
}

/** Keys of an identity kind (0 IMSI, 1 MSISDN) in this round so far. */
export function keyCountOf(identity: u32): u32 {
  return load<u32>(block + WORD_KEY_COUNTS + (identity << 2));
}

/** Where a key of an identity kind lies. */
export function keyAt(identity: u32, place: u32): u32 {
  return block + KEYS + identity * KEYS_MAX * 8 + (place << 3);
}

/** Where the answer to a key will lie. */
export function answerAt(identity: u32, place: u32): u32 {
  return block + ANSWERS + identity * KEYS_MAX * 4 + (place << 2);
}

/** Notes that a packet asks for keys that were written at the end of their column. */
export function serve(packet: u32, verdict: u32, identity: u32, keys: u32): void {
  const first = keyCountOf(identity);
  const state = stateOf(packet);
  store<u32>(state, verdict, STATE_VERDICT);
  store<u32>(state, first, STATE_FIRST);
  store<u32>(state, keys, STATE_COUNT);
  store<u32>(block + WORD_KEY_COUNTS + (identity << 2), first + keys);
}
