// What the packet module exports. The host's typed view of it is PacketExports in packet-module.ts.
//
// A round of a batch: parse… reads packets and writes columns of keys; the host has them looked up;
// write… makes the responses. What the module does not answer itself is listed for the host.

import { setBlock } from './block';

export { parseBatch, writeBatch } from './batch';
export {
  ANSWERS,
  BLOCK_BYTES,
  BLOCKS,
  CARRIERS,
  COUNTERS,
  FOR_HOST,
  KEYS,
  LIMITS,
  MESSAGES_END,
  POWERS,
  SALT,
  SENDERS,
  WORDS,
} from './layout';
export { observe, prepareSend, rewindReceive } from './messages';
export { parsePdb, writePdb } from './pdb';

/** Gives this instance the block that it works on. */
export function useBlock(offset: u32): void {
  setBlock(offset);
}
