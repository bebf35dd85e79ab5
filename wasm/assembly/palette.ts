// Palettes: the routes of an area, so that a line needs only the few bits of a position among them.
//
// An area's palette only ever grows, so a code means the same for good, and readers may use it while
// the writer appends. Where an area has very many routes, codes are the routes themselves.

import {
  AREA_NUMBER,
  AREA_PALETTE,
  AREA_PALETTE_CAPACITY,
  AREA_PALETTE_COUNT,
  DIRECT_CODE_BITS,
} from './area';
import { allocate, release } from './arena';
import { CODES, CODES_BITS } from './layout';
import { codeBitsOf } from './line';
import { discardBlock, reserveNotes } from './retired';

/** Most routes of a palette. */
export const PALETTE_MAX: u32 = 4096;
const PALETTE_FIRST: u32 = 4;

/** In place of a code: the route has none. */
export const NO_CODE: u32 = 0xffff_ffff;

/** The route of a code in lines of a shape. */
export function routeOfCode(header: u32, shape: u32, code: u32): u32 {
  if (codeBitsOf(shape) == DIRECT_CODE_BITS) return code;
  return load<u32>(load<u32>(header + AREA_PALETTE) + (code << 2));
}

/** How many bits the codes of an area need now. */
export function codeBitsNeeded(header: u32): u32 {
  const count = load<u32>(header + AREA_PALETTE_COUNT);
  if (count >= PALETTE_MAX) return DIRECT_CODE_BITS;
  return count <= 1 ? 1 : 32 - clz<u32>(count - 1);
}

/** The code of a route in lines of a shape, appended if need be; NO_CODE where it has none there. */
export function codeOfRoute(header: u32, shape: u32, route: u32): u32 {
  const codeBits = codeBitsOf(shape);
  if (codeBits == DIRECT_CODE_BITS) return route;
  const code = paletteCode(header, route);
  return code < 1 << codeBits ? code : NO_CODE;
}

/** The position of a route in the palette, appended if need be; NO_CODE where there is no room. */
export function paletteCode(header: u32, route: u32): u32 {
  const palette = load<u32>(header + AREA_PALETTE);
  const count = load<u32>(header + AREA_PALETTE_COUNT);
  // Searching is short, but each entry that is written needs it: so what was found is remembered.
  const mixed = (route * 0x9e37_79b1) ^ (load<u32>(header + AREA_NUMBER) * 0x85eb_ca6b);
  const remembered = CODES + ((mixed >> (32 - CODES_BITS)) << 2);
  const guess = load<u32>(remembered);
  if (guess < count && load<u32>(palette + (guess << 2)) == route) return guess;
  let code: u32 = 0;
  while (code < count && load<u32>(palette + (code << 2)) != route) code++;
  if (code == count && !append(header, route)) return NO_CODE;
  store<u32>(remembered, code);
  return code;
}

function append(header: u32, route: u32): bool {
  const count = load<u32>(header + AREA_PALETTE_COUNT);
  const capacity = load<u32>(header + AREA_PALETTE_CAPACITY);
  if (count == PALETTE_MAX) return false;
  if (count == capacity) {
    const larger = capacity == 0 ? PALETTE_FIRST : capacity << 1;
    const old = load<u32>(header + AREA_PALETTE);
    if (!reserveNotes(1)) return false;
    const palette = allocate(larger << 2);
    if (palette == 0) return false;
    memory.fill(palette, 0, larger << 2);
    if (capacity != 0) {
      memory.copy(palette, old, capacity << 2);
      discardBlock(old, capacity << 2);
    }
    atomic.store<u32>(header + AREA_PALETTE, palette);
    store<u32>(header + AREA_PALETTE_CAPACITY, larger);
  }
  store<u32>(load<u32>(header + AREA_PALETTE) + (count << 2), route);
  store<u32>(header + AREA_PALETTE_COUNT, count + 1);
  return true;
}

/** Releases the palette of an area that nobody was led to. */
export function releasePalette(header: u32): void {
  const capacity = load<u32>(header + AREA_PALETTE_CAPACITY);
  if (capacity != 0) release(load<u32>(header + AREA_PALETTE), capacity << 2);
}
