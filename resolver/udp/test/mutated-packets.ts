// Packets that were once right: cut, lengthened, changed, swapped; for the tests of parsers.

/** `below(limit)`: an integer from 0 to limit − 1. */
export interface Chance {
  below(limit: number): number;
}

/** One packet of some, as it is or changed a few times, mostly near its front. */
export function mutatedPacket(origins: readonly Uint8Array[], { below }: Chance): Uint8Array {
  const origin = origins[below(origins.length)]!;
  const bytes = below(10) < 3 ? below(1400) : origin.length;
  const packet = new Uint8Array(bytes);
  packet.set(origin.subarray(0, bytes));
  for (let changes = below(5); changes > 0 && bytes > 0; changes--) {
    packet[below(10) < 8 ? below(Math.min(bytes, 24)) : below(bytes)] = below(256);
  }
  return packet;
}
