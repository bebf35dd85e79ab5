// Addresses of clients and prefixes of addresses, both in one form: 16 bytes, an IPv4 address mapped
// into IPv6 as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). So a socket of either family, and one that
// serves both, names a client in the same way, and a prefix is one comparison under a mask.

export const ADDRESS_BYTES = 16;
/** Bits that an IPv4 prefix has more in the common form. */
const MAPPED_BITS = 96;

/** All addresses that begin with the same bits. */
export interface AddressPrefix {
  /** 16 bytes, those behind the prefix 0. */
  address: Uint8Array;
  /** 16 bytes: the bits of the prefix set. */
  mask: Uint8Array;
}

/** Whether an address in the common form is an IPv4 one. */
export function isIpv4(address: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (address[at] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}

/**
 * The common form of an IPv4 or IPv6 address in text, a zone (`%eth0`) left out; `undefined` where it
 * is none.
 */
export function parseAddress(text: string): Uint8Array | undefined {
  const bare = text.split('%', 1)[0]!;
  return bare.includes(':') ? parseIpv6(bare) : parseIpv4(bare);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const numbers = text.split('.');
  if (numbers.length !== 4) return undefined;
  const address = new Uint8Array(ADDRESS_BYTES).fill(0xff, 10, 12);
  for (const [index, number] of numbers.entries()) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(number) || Number(number) > 255) return undefined;
    address[12 + index] = Number(number);
  }
  return address;
}

function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = groupsOf(halves[1] ?? '', true);
  if (head === undefined || tail === undefined) return undefined;
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined;
  const groups = [...head, ...new Array<number>(zeros).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** The 16-bit groups of a part of an IPv6 address; a dotted IPv4 address may end the last one. */
function groupsOf(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (isLast && index === parts.length - 1 && part.includes('.')) {
      const bytes = parseIpv4(part);
      if (bytes === undefined) return undefined;
      groups.push((bytes[12]! << 8) | bytes[13]!, (bytes[14]! << 8) | bytes[15]!);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address; `undefined` where it is none. */
export function parsePrefix(text: string): AddressPrefix | undefined {
  const [addressText, bitsText, ...rest] = text.split('/');
  const address = parseAddress(addressText!);
  if (address === undefined || addressText!.includes('%') || rest.length > 0) return undefined;
  const bitsBefore = addressText!.includes(':') ? 0 : MAPPED_BITS;
  const bitsMax = 8 * ADDRESS_BYTES - bitsBefore;
  if (bitsText !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(bitsText)) return undefined;
  const bits = bitsText === undefined ? bitsMax : Number(bitsText);
  if (bits > bitsMax) return undefined;
  const mask = maskOf(bits + bitsBefore);
  return { address: address.map((byte, at) => byte & mask[at]!), mask };
}

function maskOf(bits: number): Uint8Array {
  return Uint8Array.from({ length: ADDRESS_BYTES }, (_, at) => {
    const left = Math.min(Math.max(bits - 8 * at, 0), 8);
    return (0xff00 >>> left) & 0xff;
  });
}

/** Whether an address in the common form begins with one of the prefixes. */
export function isWithin(address: Uint8Array, prefixes: readonly AddressPrefix[]): boolean {
  return prefixes.some((prefix) => {
    for (let at = 0; at < ADDRESS_BYTES; at++) {
      if ((address[at]! & prefix.mask[at]!) !== prefix.address[at]) return false;
    }
    return true;
  });
}
