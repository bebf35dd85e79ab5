// The host's side of the ENUM block in the packet memory: brings zones, cookies, limits and templates
// into the form of wasm/assembly/packet/enum-layout.ts, where the Wasm answerer reads them.
//
// Templates come in as they are used: the first query for a route is answered in TypeScript, the next
// ones in Wasm. There is room for those of some 15,000 routes in a zone; where it is full, all are
// forgotten and come in again.

import { ROUTES_MAX } from '../../ledger/route.ts';
import { ENUM_BLOCK, ENUM_BLOCK_BYTES } from '../../wasm/packet-layout.ts';
import { blockOf, type PacketExports } from '../../wasm/packet-module.ts';
import type { AddressPrefix } from '../udp/client-address-codec.ts';
import { CLASS_IN, RECORD_TYPE } from './dns-codec.ts';
import type { EnumCounter } from './enum-counters.ts';
import { APEX, readEnumName } from './enum-name-codec.ts';
import type { EnumZone, RouteAnswers } from './enum-zone.ts';
import { RATE_ENTRY_WORDS, type RateLimits } from './rate-limit-codec.ts';

/** Most entries of the limiter's table. */
export const RATE_ENTRIES_MAX = 1 << 18;
const RATE_TABLE_BYTES = RATE_ENTRIES_MAX * RATE_ENTRY_WORDS * 4;

/** The offsets that the packet module exports, by their names in enum-layout.ts. */
export type EnumLayout = Readonly<Record<(typeof ENUM_LAYOUT_NAMES)[number], number>>;

export const ENUM_LAYOUT_NAMES = [
  'ENUM_ZONE_COUNT',
  'ENUM_SECRET_COUNT',
  'ENUM_RATE',
  'ENUM_SLIP',
  'ENUM_RATE_TABLE',
  'ENUM_RATE_SET_MASK',
  'ENUM_UNLIMITED_COUNT',
  'ENUM_RATE_KEY',
  'ENUM_SECRETS',
  'ENUM_PREFIX_BYTES',
  'ENUM_PREFIXES_MAX',
  'ENUM_UNLIMITED',
  'ENUM_ZONES',
  'ZONE_BYTES',
  'ZONE_SUFFIX_BYTES',
  'ZONE_CLIENTS',
  'ZONE_NAMES_ABOVE',
  'ZONE_SOA_BYTES',
  'ZONE_NUMBER_PREFIX',
  'ZONE_PREFIX_DIGITS',
  'ZONE_SUFFIX',
  'ZONE_NAMES',
  'ZONE_SOA',
  'ZONE_FOR_EVERYONE',
  'ENUM_ZONE_PREFIXES',
  'ENUM_PAGES',
  'PAGES_OF_ZONE',
  'ROUTES_OF_PAGE',
  'TEMPLATES_PAGE_BYTES',
  'ENUM_HEAP',
] as const;

function enumLayoutOf(exports: object): EnumLayout {
  const globals = exports as Record<string, WebAssembly.Global>;
  const entries = ENUM_LAYOUT_NAMES.map((name) => [name, globals[name]!.value as number]);
  return Object.fromEntries(entries) as EnumLayout;
}

/** What the Wasm answerer counts: the place among ENUM's own counters, by the name in EnumCounters. */
export const WASM_COUNTERS: Readonly<Partial<Record<EnumCounter, number>>> = {
  answeredRecords: 0,
  answeredNoData: 1,
  answeredNxdomain: 2,
  truncated: 3,
  cookieNew: 4,
  cookieValid: 5,
  cookieInvalid: 6,
  answeredBadcookie: 7,
  limitedDropped: 8,
  limitedTruncated: 9,
  udpReceived: 10,
};

/** What a block is filled with. */
export interface EnumBlockContents {
  /** As `createEnumZones` gives them. */
  zones: readonly EnumZone[];
  secrets: readonly Uint8Array[];
}

export interface BlockRateLimit extends RateLimits {
  key: Uint8Array;
  unlimited: readonly AddressPrefix[];
  /** Entries of the table, a power of two up to {@link RATE_ENTRIES_MAX}. */
  entries: number;
}

export class EnumBlock {
  readonly #layout: EnumLayout;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  /** Offset of the block in the memory: what Wasm follows is relative to the memory. */
  readonly #offset: number;
  /** Where the limiter's table begins; before it is the heap of pages and templates. */
  readonly #tableAt: number;
  #zones: readonly EnumZone[] = [];
  #height = -1;
  /** Where the next page or template goes. */
  #heapUsed = 0;

  /**
   * @param memory the packet memory
   * @param exports of the packet module of the thread
   */
  constructor(memory: WebAssembly.Memory, thread: number, exports: PacketExports) {
    const { buffer } = memory;
    this.#layout = enumLayoutOf(exports);
    this.#offset = blockOf(thread) + ENUM_BLOCK;
    this.#view = new DataView(buffer, this.#offset, ENUM_BLOCK_BYTES);
    this.#bytes = new Uint8Array(buffer, this.#offset, ENUM_BLOCK_BYTES);
    this.#tableAt = ENUM_BLOCK_BYTES - RATE_TABLE_BYTES;
  }

  /** Takes other zones and secrets; templates come in anew. */
  fill({ zones, secrets }: EnumBlockContents): void {
    const layout = this.#layout;
    this.#zones = zones;
    this.#height = -1;
    this.forgetTemplates();
    zones.forEach((zone, number) => {
      this.#writeZone(layout.ENUM_ZONES + number * layout.ZONE_BYTES, zone);
      const prefixes = number * layout.ENUM_PREFIXES_MAX * layout.ENUM_PREFIX_BYTES;
      this.#writePrefixes(layout.ENUM_ZONE_PREFIXES + prefixes, zone.clients ?? []);
    });
    this.#setU32(layout.ENUM_ZONE_COUNT, zones.length);
    secrets.forEach((secret, number) => {
      this.#bytes.set(secret, layout.ENUM_SECRETS + 16 * number);
    });
    this.#setU32(layout.ENUM_SECRET_COUNT, secrets.length);
  }

  /** Takes another limit, `undefined` for none; its table is empty and is the limiter's in TypeScript too. */
  limit(rateLimit: BlockRateLimit | undefined): Uint32Array | undefined {
    const layout = this.#layout;
    this.#setU32(layout.ENUM_RATE, rateLimit?.responsesPerSecond ?? 0);
    if (rateLimit === undefined) return undefined;
    const { slip, key, unlimited, entries } = rateLimit;
    const { buffer, byteOffset } = this.#bytes;
    const table = new Uint32Array(buffer, byteOffset + this.#tableAt, entries * RATE_ENTRY_WORDS);
    table.fill(0);
    this.#setU32(layout.ENUM_SLIP, slip);
    this.#setU32(layout.ENUM_RATE_TABLE, this.#offset + this.#tableAt);
    this.#setU32(layout.ENUM_RATE_SET_MASK, entries / 4 - 1);
    this.#bytes.set(key, layout.ENUM_RATE_KEY);
    this.#writePrefixes(layout.ENUM_UNLIMITED, unlimited);
    this.#setU32(layout.ENUM_UNLIMITED_COUNT, unlimited.length);
    return table;
  }

  #writeZone(at: number, zone: EnumZone): void {
    const layout = this.#layout;
    const { suffix, clients, prefixKey } = zone;
    const names = zone.namesAboveOtherZones
      .map((name) => readEnumName(name, 0, name.length, zone))
      .filter((key) => key > APEX);
    this.#setU16(at + layout.ZONE_SUFFIX_BYTES, suffix.length);
    this.#setU16(at + layout.ZONE_CLIENTS, clients?.length ?? layout.ZONE_FOR_EVERYONE);
    this.#setU16(at + layout.ZONE_NAMES_ABOVE, names.length);
    this.#setF64(at + layout.ZONE_NUMBER_PREFIX, prefixKey);
    this.#setU32(at + layout.ZONE_PREFIX_DIGITS, String(prefixKey).length - 1);
    this.#bytes.set(suffix, at + layout.ZONE_SUFFIX);
    names.forEach((key, index) => {
      this.#setF64(at + layout.ZONE_NAMES + 8 * index, key);
    });
  }

  #writePrefixes(at: number, prefixes: readonly AddressPrefix[]): void {
    prefixes.forEach(({ address, mask }, index) => {
      const prefix = at + index * this.#layout.ENUM_PREFIX_BYTES;
      this.#bytes.set(address, prefix);
      this.#bytes.set(mask, prefix + 16);
    });
  }

  /** Brings the serial numbers of zones to the height that is served; before every batch. */
  setHeight(height: number): void {
    if (height === this.#height) return;
    this.#height = height;
    const layout = this.#layout;
    this.#zones.forEach((zone, number) => {
      const at = layout.ENUM_ZONES + number * layout.ZONE_BYTES;
      const soa = zone.soaAt(height);
      const record = new DataView(new ArrayBuffer(10 + soa.length));
      record.setUint16(0, RECORD_TYPE.SOA);
      record.setUint16(2, CLASS_IN);
      record.setUint32(4, zone.negativeTtlSeconds);
      record.setUint16(8, soa.length);
      const bytes = new Uint8Array(record.buffer);
      bytes.set(soa, 10);
      this.#bytes.set(bytes, at + layout.ZONE_SOA);
      this.#setU16(at + layout.ZONE_SOA_BYTES, bytes.length);
    });
  }

  /** Takes the templates of a route in, if it has none yet. */
  install(zone: number, routeNumber: number, { plain, ported }: RouteAnswers): void {
    const layout = this.#layout;
    const { ROUTES_OF_PAGE: routesOfPage, TEMPLATES_PAGE_BYTES: pageBytes } = layout;
    if (routeNumber >= ROUTES_MAX) return;
    const page = Math.floor(routeNumber / routesOfPage);
    const pageWord = layout.ENUM_PAGES + 4 * (zone * layout.PAGES_OF_ZONE + page);
    const known = this.#view.getUint32(pageWord, true);
    const words = 8 * (routeNumber % routesOfPage);
    if (known !== 0 && this.#view.getUint32(known - this.#offset + words, true) !== 0) return;
    const needed = (known === 0 ? pageBytes : 0) + roomOf(plain) + roomOf(ported);
    if (layout.ENUM_HEAP + this.#heapUsed + needed > this.#tableAt) {
      this.forgetTemplates();
      this.install(zone, routeNumber, { plain, ported });
      return;
    }
    const pageAt = known === 0 ? this.#take(pageBytes) : known - this.#offset;
    if (known === 0) {
      this.#bytes.fill(0, pageAt, pageAt + pageBytes);
      this.#setU32(pageWord, pageAt + this.#offset);
    }
    [plain, ported].forEach((template, index) => {
      const at = this.#take(roomOf(template));
      this.#bytes.set(template, at);
      this.#setU32(pageAt + words + 4 * index, at + this.#offset);
    });
  }

  /** Forgets the templates of routes that have other details now. */
  forgetRoute(routeNumber: number): void {
    const layout = this.#layout;
    const page = Math.floor(routeNumber / layout.ROUTES_OF_PAGE);
    for (let zone = 0; zone < this.#zones.length; zone++) {
      const pageWord = layout.ENUM_PAGES + 4 * (zone * layout.PAGES_OF_ZONE + page);
      const pageAt = this.#view.getUint32(pageWord, true);
      if (pageAt === 0) continue;
      const words = pageAt - this.#offset + 8 * (routeNumber % layout.ROUTES_OF_PAGE);
      this.#setU32(words, 0);
      this.#setU32(words + 4, 0);
    }
  }

  forgetTemplates(): void {
    const { ENUM_PAGES: pages, ENUM_HEAP: heap } = this.#layout;
    this.#bytes.fill(0, pages, heap);
    this.#heapUsed = 0;
  }

  #take(bytes: number): number {
    const at = this.#layout.ENUM_HEAP + this.#heapUsed;
    this.#heapUsed += bytes;
    return at;
  }

  #setU16(at: number, value: number): void {
    this.#view.setUint16(at, value, true);
  }

  #setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  #setF64(at: number, value: number): void {
    this.#view.setFloat64(at, value, true);
  }
}

/** Room for a template: at a multiple of 8, with a word behind it that copying may read. */
function roomOf(template: Uint8Array): number {
  return (template.length + 15) & ~7;
}
