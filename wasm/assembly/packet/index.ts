// What the packet module exports. The host's typed view of it is PacketExports in packet-module.ts.
//
// A round of a batch: parse… reads packets and writes columns of keys; the host has them looked up;
// write… makes the responses. What the module does not answer itself is listed for the host.

import { setBlock } from './block';
import { setEnumBlock } from './enum-block';
import { ENUM_BLOCK } from './layout';

export { parseBatch, writeBatch } from './batch';
export {
  ENUM_HEAP,
  ENUM_PAGES,
  ENUM_PREFIX_BYTES,
  ENUM_PREFIXES_MAX,
  ENUM_RATE,
  ENUM_RATE_KEY,
  ENUM_RATE_SET_MASK,
  ENUM_RATE_TABLE,
  ENUM_SECRET_COUNT,
  ENUM_SECRETS,
  ENUM_SLIP,
  ENUM_UNLIMITED,
  ENUM_UNLIMITED_COUNT,
  ENUM_ZONE_COUNT,
  ENUM_ZONE_PREFIXES,
  ENUM_ZONES,
  PAGES_OF_ZONE,
  ROUTES_OF_PAGE,
  TEMPLATES_PAGE_BYTES,
  ZONE_BYTES,
  ZONE_CLIENTS,
  ZONE_FOR_EVERYONE,
  ZONE_NAMES,
  ZONE_NAMES_ABOVE,
  ZONE_NUMBER_PREFIX,
  ZONE_PREFIX_DIGITS,
  ZONE_SOA,
  ZONE_SOA_BYTES,
  ZONE_SUFFIX,
  ZONE_SUFFIX_BYTES,
} from './enum-layout';
export { parseEnum } from './enum-parse';
export { writeEnum } from './enum-write';
export {
  ANSWERS,
  BLOCK_BYTES,
  BLOCKS,
  CARRIERS,
  CARRIERS_BYTES,
  COUNTERS,
  ENUM_BLOCK,
  FOR_HOST,
  KEYS,
  LIMITS,
  MESSAGES_END,
  POWERS,
  SALT,
  SENDERS,
  WORD_CARRIER_TABLE,
  WORDS,
} from './layout';
export { observe, prepareSend, rewindReceive } from './messages';
export { parsePdb, writePdb } from './pdb';

/** Gives this instance the block that it works on. */
export function useBlock(offset: u32): void {
  setBlock(offset);
  setEnumBlock(offset + ENUM_BLOCK);
}
