// Limits on what one sender, and one network, may ask: packets a second, with a burst.
//
// The generic cell rate algorithm (ITU-T I.371 appendix I): for each sender the time at which it will
// have used up what it has been given, and a packet is let through if that is not more than the burst
// ahead of now. Times are u32 in eighths of a microsecond and wrap after 536 s; what is further
// ahead than a burst can be is a time of long ago.
//
//     senders    line of 64 bytes: 8 entries of   63        32 31         0
//     of a hash ┌───┬───┬───┬───┬───┬───┬───┬───┐ ┌───────────┬────────────┐
//               │   │   │   │   │   │   │   │   │ │ rest hash │ time       │
//               └───┴───┴───┴───┴───┴───┴───┴───┘ └───────────┴────────────┘
//
// The table is shared by all threads and has an end: in a full line the sender that is least ahead
// loses its place, and with it what it has used. That errs to the side of answering. Two threads that
// meet in an entry may lose a packet's count, for the same reason without harm.

import { block, count } from './block';
import {
  COUNT_LIMITED_PREFIX,
  COUNT_LIMITED_SENDER,
  LIMIT_BYTES,
  LIMITS,
  NAME_BYTES,
  NAMES,
  SALT,
  SENDER_LINES,
  SENDERS,
  WORD_CLOCK,
} from './layout';

const AF_INET: u32 = 2;
/** First 12 bytes of an IPv4 address mapped into IPv6. */
const MAPPED: u32 = 0xffff_0000;

/** Whether a packet's sender and its network may ask once more. Counts where not. */
export function isWithinLimits(protocol: u32, packet: u32): bool {
  const limits = LIMITS + protocol * LIMIT_BYTES;
  const senderCost = load<u32>(limits);
  const prefixCost = load<u32>(limits + 8);
  if ((senderCost | prefixCost) == 0) return true;
  const name = block + NAMES + packet * NAME_BYTES;
  let sender: u64;
  let prefix: u64;
  if (load<u16>(name) == AF_INET) {
    sender = load<u32>(name, 4);
    prefix = sender & 0x00ff_ffff;
  } else if (load<u64>(name, 8) == 0 && load<u32>(name, 16) == MAPPED) {
    sender = load<u32>(name, 20);
    prefix = sender & 0x00ff_ffff;
  } else {
    // A host has a /64 to itself (RFC 4291 section 2.5.4), a site a /48 (RFC 6177).
    sender = load<u64>(name, 8) ^ (1 << 63);
    prefix = load<u64>(name, 8) & 0x0000_ffff_ffff_ffff;
  }
  const clock = block + WORD_CLOCK;
  const now = <u32>((load<u64>(clock) * 1_000_000_000 + load<u64>(clock, 8)) / 125);
  // The last bits of the hash's input tell protocols, and senders from prefixes, apart.
  const kind = (<u64>protocol) << 1;
  if (senderCost != 0 && !take(mix(sender, kind), senderCost, load<u32>(limits, 4), now)) {
    count(protocol, COUNT_LIMITED_SENDER);
    return false;
  }
  if (prefixCost != 0 && !take(mix(prefix, kind | 1), prefixCost, load<u32>(limits, 12), now)) {
    count(protocol, COUNT_LIMITED_PREFIX);
    return false;
  }
  return true;
}

/** A salted hash: the finaliser of MurmurHash3 (Austin Appleby, public domain), twice. */
function mix(address: u64, kind: u64): u64 {
  return scatter(scatter(address ^ load<u64>(SALT)) + kind * 0x9e37_79b9_7f4a_7c15);
}

function scatter(value: u64): u64 {
  value = (value ^ (value >> 33)) * 0xff51_afd7_ed55_8ccd;
  value = (value ^ (value >> 33)) * 0xc4ce_b9fe_1a85_ec53;
  return value ^ (value >> 33);
}

/** How far ahead of now a time is; 0 for one that is over, or of long ago. */
function aheadOf(time: u32, now: u32, burst: u32): u32 {
  const ahead = time - now;
  return ahead <= burst ? ahead : 0;
}

function take(hash: u64, cost: u32, burst: u32, now: u32): bool {
  const line = SENDERS + ((<u32>(hash >> 40) & (SENDER_LINES - 1)) << 6);
  // Never 0, which an unused entry has.
  const tag = <u32>hash | 1;
  let place = line;
  let entry: u64 = 0;
  let least = u32.MAX_VALUE;
  for (let at = line; at < line + 64; at += 8) {
    const candidate = atomic.load<u64>(at);
    if (<u32>(candidate >> 32) == tag) {
      place = at;
      entry = candidate;
      break;
    }
    const ahead = aheadOf(<u32>candidate, now, burst);
    if (ahead < least) {
      least = ahead;
      place = at;
      entry = candidate;
    }
  }
  const isOwn = <u32>(entry >> 32) == tag;
  const ahead = isOwn ? aheadOf(<u32>entry, now, burst) : 0;
  if (ahead + cost > burst) return false;
  atomic.cmpxchg<u64>(place, entry, ((<u64>tag) << 32) | (now + ahead + cost));
  return true;
}
