// Numbers of a few bits, packed one behind the other, the lowest bit first.

/** The low `count` bits of a word, `count` below 64. */
export function lowBits(count: u32): u64 {
  return ((1 as u64) << (<u64>count)) - 1;
}

/** The number of `count` bits, at most 24, at a bit; up to 8 bytes from its first are loaded. */
export function readBits(address: u32, bit: u32, count: u32): u32 {
  return <u32>((load<u64>(address + (bit >> 3)) >> <u64>(bit & 7)) & lowBits(count));
}

/** Puts a number of at most 57 bits where only zeros are; up to 8 bytes from its first are stored. */
export function writeBits(address: u32, bit: u32, value: u64): void {
  const at = address + (bit >> 3);
  const shift: u64 = bit & 7;
  store<u64>(at, load<u64>(at) | (value << shift));
}
