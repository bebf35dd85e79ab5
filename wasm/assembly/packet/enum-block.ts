// The ENUM block of this instance's thread, and the address of the client whose packet is under way.

import { block } from './block';
import { ENUM_CLIENT, ENUM_PREFIX_BYTES } from './enum-layout';
import { NAME_BYTES, NAMES, WORD_CLOCK } from './layout';

const AF_INET: u32 = 2;

/** Offset of the ENUM block; 0 before there is one. */
export let enumBlock: u32 = 0;

export function setEnumBlock(offset: u32): void {
  enumBlock = offset;
}

/** Seconds since 1970, as far as 32 bits reach. */
export function nowSeconds(): u32 {
  return <u32>load<u64>(block + WORD_CLOCK);
}

/** Milliseconds since 1970, their low 32 bits. */
export function nowMs(): u32 {
  const clock = block + WORD_CLOCK;
  return <u32>(load<u64>(clock) * 1000 + load<u64>(clock, 8) / 1_000_000);
}

/** Brings the sender of a packet into the common form, an IPv4 address mapped into IPv6. */
export function takeClient(packet: u32): void {
  const name = block + NAMES + packet * NAME_BYTES;
  const client = enumBlock + ENUM_CLIENT;
  if (<u32>load<u16>(name) == AF_INET) {
    store<u64>(client, 0);
    store<u32>(client, 0xffff_0000, 8);
    store<u32>(client, load<u32>(name, 4), 12);
  } else {
    v128.store(client, v128.load(name, 8));
  }
}

/** Whether the client's address is an IPv4 one. */
export function isClientIpv4(): bool {
  const client = enumBlock + ENUM_CLIENT;
  return load<u64>(client) == 0 && load<u32>(client, 8) == 0xffff_0000;
}

/** Whether the client's address begins with one of `count` prefixes. */
export function isClientWithin(prefixes: u32, count: u32): bool {
  const client = v128.load(enumBlock + ENUM_CLIENT);
  const end = prefixes + count * ENUM_PREFIX_BYTES;
  for (let prefix = prefixes; prefix < end; prefix += ENUM_PREFIX_BYTES) {
    const difference = v128.xor(v128.and(client, v128.load(prefix, 16)), v128.load(prefix));
    if (!v128.any_true(difference)) return true;
  }
  return false;
}
