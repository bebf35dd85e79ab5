// The compiled packet module and the memory that its instances share: reads datagrams and writes
// their answers in Wasm, a batch at a time. What lies where is in packet-layout.ts.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  BLOCK_BYTES,
  BLOCKS,
  CARRIERS,
  CARRIERS_BYTES,
  LIMIT_BYTES,
  LIMITS,
  POWERS,
  SALT,
} from './packet-layout.ts';
import { PAGE_BYTES, type WasmBuild } from './wasm-module.ts';

/** Most threads that share a packet memory. */
export const PACKET_THREADS_MAX = 64;
/** Carrier ids are what Kamailio reads as a positive 16-bit integer; 0 is none. */
export const CARRIER_MAX = 0x7fff;

/** The exports, typed. Packets are numbered from 0 in a batch. */
export interface PacketExports {
  /** Before anything else. */
  useBlock(offset: number): void;
  rewindReceive(packets: number): void;
  /** See assembly/packet/batch.ts; returns the first packet that is left for another round. */
  parseBatch(from: number, end: number, lookups: boolean): number;
  writeBatch(from: number, end: number): void;
  parsePdb(from: number, end: number): number;
  writePdb(from: number, end: number): void;
  parseEnum(from: number, end: number): number;
  writeEnum(from: number, end: number): void;
  /** Returns how many send headers it made. */
  prepareSend(protocol: number, packets: number, address: bigint): number;
  observe(protocol: number, packets: number, begunNs: bigint, isStamped: boolean): void;
}

const compiled = new Map<WasmBuild, WebAssembly.Module>();

/** An instance for one thread, over its own block of a packet memory. */
export function instantiatePackets(
  memory: WebAssembly.Memory,
  thread: number,
  build: WasmBuild = 'release',
): PacketExports {
  let module = compiled.get(build);
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(packetFile(build)));
    compiled.set(build, module);
  }
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = instance.exports as unknown as PacketExports;
  exports.useBlock(blockOf(thread));
  return exports;
}

/** The file of a build: beside the compiled form of this one. */
export function packetFile(build: WasmBuild): URL {
  const name = build === 'debug' ? 'packet.debug.wasm' : 'packet.wasm';
  return new URL(name, import.meta.url);
}

/** Offset of the block of a thread. */
export function blockOf(thread: number): number {
  return BLOCKS + thread * BLOCK_BYTES;
}

/** A memory with blocks for so many threads. It cannot grow, so it never moves. */
export function createPacketMemory(threads: number): WebAssembly.Memory {
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= PACKET_THREADS_MAX)) {
    throw new RangeError(`${threads} threads, where 1 to ${PACKET_THREADS_MAX} are possible`);
  }
  const pages = blockOf(threads) / PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const view = new DataView(memory.buffer);
  for (let digits = 0; digits <= 15; digits++) {
    view.setBigUint64(POWERS + 8 * digits, 10n ** BigInt(digits), true);
  }
  view.setBigUint64(SALT, randomBytes(8).readBigUInt64LE(), true);
  return memory;
}

/** What one sender, or one network, may send. */
export interface RateLimit {
  /** Packets a second, above 0 and at most 8,000,000. */
  packetsPerSecond: number;
  /** Packets that may come at once, at least 1. */
  burst: number;
}

/** Limits of a protocol; `undefined` for none. */
export interface RateLimits {
  sender?: RateLimit | undefined;
  /** Of an IPv4 /24 or an IPv6 /48. */
  prefix?: RateLimit | undefined;
}

/** Eighths of a microsecond. */
const UNITS_PER_SECOND = 8_000_000;
/** Half of what a time can be ahead without being taken for one of long ago. */
const UNITS_MAX = 2 ** 31;

/** Sets the limits of a protocol for all threads. RangeError for what the table cannot express. */
export function setRateLimits(
  memory: WebAssembly.Memory,
  protocol: number,
  limits: RateLimits,
): void {
  const words = new Uint32Array(memory.buffer, LIMITS + protocol * LIMIT_BYTES, 4);
  words.set([...unitsOf(limits.sender), ...unitsOf(limits.prefix)]);
}

function unitsOf(limit: RateLimit | undefined): [cost: number, burst: number] {
  if (limit === undefined) return [0, 0];
  const { packetsPerSecond, burst } = limit;
  const cost = Math.round(UNITS_PER_SECOND / packetsPerSecond);
  if (!(cost >= 1 && burst >= 1 && cost * burst <= UNITS_MAX)) {
    throw new RangeError(`a limit of ${packetsPerSecond} packets a second, ${burst} at once`);
  }
  return [cost, cost * burst];
}

/** The carrier ids of one of the two tables, by route number. */
export function carriersOf(memory: WebAssembly.Memory, table: number): Uint16Array {
  return new Uint16Array(memory.buffer, CARRIERS + table * CARRIERS_BYTES, CARRIERS_BYTES / 2);
}

/**
 * Sets the carrier id of a route for all threads that answer from a table, 0 or 1: 0 to CARRIER_MAX,
 * 0 for none.
 */
export function setCarrier(
  memory: WebAssembly.Memory,
  route: number,
  carrier: number,
  table = 0,
): void {
  const carriers = carriersOf(memory, table);
  if (!(Number.isInteger(carrier) && carrier >= 0 && carrier <= CARRIER_MAX)) {
    throw new RangeError(`carrier id ${carrier}, where 0 to ${CARRIER_MAX} are possible`);
  }
  if (!(route in carriers)) throw new RangeError(`route ${route}`);
  Atomics.store(carriers, route, carrier);
}
