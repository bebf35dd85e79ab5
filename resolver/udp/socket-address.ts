// Socket addresses as the system has them: `sockaddr_in` and `sockaddr_in6`.
//
//      0        2      4                 8                         24         28
//     ┌────────┬──────┬─────────────────┬─────────────────────────┬──────────┐
//     │ family │ port │ IPv4 address    │ 0 (8 bytes)             │          │  16 bytes
//     │ host   │ big- ├─────────────────┼─────────────────────────┼──────────┤
//     │ order  │ end. │ flow            │ IPv6 address (16 bytes) │ scope id │  28 bytes
//     └────────┴──────┴─────────────────┴─────────────────────────┴──────────┘
//
// Source: ip(7), ipv6(7).

import { SocketAddress } from 'node:net';
import { parseAddress } from './client-address-codec.ts';
import { AF_INET, AF_INET6 } from './system-calls.ts';

export const ADDRESS_BYTES_IPV4 = 16;
export const ADDRESS_BYTES_IPV6 = 28;

/** What is to be sent to, or bound to. */
export interface Endpoint {
  /** An IPv4 or IPv6 address, the latter without a zone. */
  address: string;
  port: number;
}

/** The structure for an address: 16 or 28 bytes. Throws a TypeError for what is no IP address. */
export function encodeSocketAddress({ address, port }: Endpoint): Uint8Array {
  const mapped = address.includes('%') ? undefined : parseAddress(address);
  if (!mapped) throw new TypeError(`no IP address: ${address}`);
  const isVersion6 = address.includes(':');
  const bytes = new Uint8Array(isVersion6 ? ADDRESS_BYTES_IPV6 : ADDRESS_BYTES_IPV4);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isVersion6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (isVersion6) bytes.set(mapped, 8);
  else bytes.set(mapped.subarray(12), 4);
  return bytes;
}

/** The inverse. Throws a TypeError for another family. */
export function decodeSocketAddress(bytes: Uint8Array): Endpoint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2);
  if (family === AF_INET) return { address: bytes.subarray(4, 8).join('.'), port };
  if (family !== AF_INET6) throw new TypeError(`address family ${family}`);
  const groups = Array.from({ length: 8 }, (_, at) => view.getUint16(8 + 2 * at).toString(16));
  // Node knows how an IPv6 address is written for people; RFC 5952.
  const { address } = new SocketAddress({ address: groups.join(':'), family: 'ipv6' });
  return { address, port };
}

/**
 * Writes the address of a structure as 16 bytes, an IPv4 one mapped into IPv6 (RFC 4291 section
 * 2.5.5.2); zeros for another family.
 */
export function mapSocketAddress(bytes: Uint8Array, out: Uint8Array): void {
  const family = bytes[0]! | (bytes[1]! << 8);
  if (family === AF_INET6) {
    for (let at = 0; at < 16; at++) out[at] = bytes[8 + at]!;
    return;
  }
  out.fill(0);
  if (family !== AF_INET) return;
  out[10] = out[11] = 0xff;
  for (let at = 0; at < 4; at++) out[12 + at] = bytes[4 + at]!;
}
