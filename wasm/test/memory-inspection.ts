// The arena seen from outside, for tests about memory. Offsets and size classes are those of
// assembly/layout.ts, assembly/arena.ts and assembly/patch.ts.

import type { NumberIndex } from '../number-index.ts';
import { PAGE_BYTES, PAGES_BEFORE_ARENA } from '../wasm-module.ts';

const ARENA = PAGES_BEFORE_ARENA * PAGE_BYTES;
const HEADER_USED = 24;
const HEADER_RETIRED_FIRST = 28;
const HEADER_PATCHES_FIRST = 44;
const HEADER_FREE_AREAS = 52;
const HEADER_RESERVE = 60;
const RESERVE_BYTES = 65536;
const HEADER_EPOCH = 64;
const HEADER_GAPS = [76, 80] as const;
const HEADER_FREE_LISTS = 128;
const CLASSES = 41;
const CHUNK_BYTES = 1024;
const LINE_LISTS = 4096;
const LINES_MAX = 1024;
const LINE_BYTES = 64;
const AREA_BYTES = 8192;

const ROOT_FIRST = 36;
const ROOT_END = 40;
const EMPTY_NODE = 20480;
const NODE_AREAS = 1024;
const AREA_SEGMENTS = 36;

const CHAINS = 9 * PAGE_BYTES;
const CHAINS_BYTES = 4 * PAGE_BYTES;
const PATCH_NEXT = 4;
const PATCH_VERSION = 8;
const PATCH_BEFORE = 16;
const PATCH_QUEUE = 28;
const PATCH_OWNS = 40;
const PATCH_IMAGE = 48;
const PATCH_BYTES = 112;

const OUTSIDE = 1n << 51n;
const PIECE = 1n << 52n;
const FOREIGN = 1n << 55n;
const FOREIGN_AT = 8;

const RETIRED_LINES = 2 ** 31;
const RETIRED_AREA = 2 ** 30;

function classBytes(sizeClass: number): number {
  return sizeClass < 16 ? (sizeClass + 1) * 4 : 2 ** (sizeClass - 16 + 7);
}

function blockBytes(bytes: number): number {
  let sizeClass = 0;
  while (classBytes(sizeClass) < bytes) sizeClass++;
  return classBytes(sizeClass);
}

/** Bytes that a retired block takes, by what its chunk says of it. */
function retiredBytes(word: number): number {
  if (word === RETIRED_AREA) return AREA_BYTES;
  return word >= RETIRED_LINES ? (word - RETIRED_LINES) * LINE_BYTES : blockBytes(word);
}

/** Bytes of a patch and of what its line has outside, if that goes with the patch. */
function patchBytes(view: DataView, patch: number): number {
  const image = patch + PATCH_IMAGE;
  const flags = view.getBigUint64(image, true);
  let place = image + FOREIGN_AT;
  if ((flags & OUTSIDE) !== 0n) place = image + LINE_BYTES - ((flags & PIECE) !== 0n ? 12 : 4);
  else if ((flags & FOREIGN) === 0n) return blockBytes(PATCH_BYTES);
  if (view.getUint32(patch + PATCH_OWNS, true) === 0) return blockBytes(PATCH_BYTES);
  const outside = view.getUint32(view.getUint32(place, true), true) % 2 ** 31;
  return blockBytes(PATCH_BYTES) + blockBytes(outside);
}

/**
 * Leaves the arena of an index nothing but `roomBytes` bytes at its end, in a memory at its limit, and the
 * reserve where there is room for one.
 */
export function setRoom(memory: WebAssembly.Memory, roomBytes: number): void {
  const view = new DataView(memory.buffer);
  const used = view.getUint32(HEADER_USED, true);
  const usedThen = memory.buffer.byteLength - roomBytes;
  const isReserved = view.getUint32(HEADER_RESERVE, true) !== 0;
  if (!isReserved && used + RESERVE_BYTES <= usedThen) view.setUint32(HEADER_RESERVE, used, true);
  view.setUint32(HEADER_USED, usedThen, true);
  for (let sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
    view.setUint32(HEADER_FREE_LISTS + sizeClass * 4, 0, true);
  }
  for (let lines = 0; lines <= LINES_MAX; lines++) view.setUint32(LINE_LISTS + lines * 4, 0, true);
  view.setUint32(HEADER_FREE_AREAS, 0, true);
  for (const list of HEADER_GAPS) view.setUint32(list, 0, true);
}

/**
 * Folds what has been changed, and gives back what that took, where no reader is in a call: the first
 * empty batch folds, the second takes back, and the third what the second replaced.
 */
export function settle(index: NumberIndex): void {
  for (let batch = 0; batch < 3; batch++) index.apply([]);
}

/** The offsets of a list of blocks, each of which begins with the offset of the next. */
function* blocksFrom(view: DataView, head: number): IterableIterator<number> {
  for (let block = view.getUint32(head, true); block !== 0; block = view.getUint32(block, true)) {
    yield block;
  }
}

/**
 * Bytes of the arena that are in use: neither free, retired or kept for a full memory, nor those of a patch that
 * was taken away. Patches that readers can still come to are in use, and so is what is not accounted for.
 */
export function usedBytes(memory: WebAssembly.Memory): number {
  const view = new DataView(memory.buffer);
  let bytes = view.getUint32(HEADER_USED, true) - ARENA;
  for (let sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
    for (const _ of blocksFrom(view, HEADER_FREE_LISTS + sizeClass * 4)) {
      bytes -= classBytes(sizeClass);
    }
  }
  for (let lines = 1; lines <= LINES_MAX; lines++) {
    for (const _ of blocksFrom(view, LINE_LISTS + lines * 4)) bytes -= lines * LINE_BYTES;
  }
  for (const _ of blocksFrom(view, HEADER_FREE_AREAS)) bytes -= AREA_BYTES;
  for (const list of HEADER_GAPS) {
    for (const gap of blocksFrom(view, list)) bytes -= view.getUint32(gap + 4, true);
  }
  for (const chunk of blocksFrom(view, HEADER_RETIRED_FIRST)) {
    bytes -= CHUNK_BYTES;
    const count = view.getUint32(chunk + 4, true);
    for (let entry = 0; entry < count; entry++) {
      bytes -= retiredBytes(view.getUint32(chunk + 16 + entry * 8 + 4, true));
    }
  }
  for (const { bytes: taken } of patchesTakenAway(memory)) bytes -= taken;
  return view.getUint32(HEADER_RESERVE, true) === 0 ? bytes : bytes - RESERVE_BYTES;
}

export interface InspectedPatch {
  offset: number;
  bytes: number;
  /** The version that the patch is of. */
  version: bigint;
  /** The bytes of the line that it has. */
  line: string;
}

function inspectedPatch(view: DataView, offset: number): InspectedPatch {
  const version = view.getBigUint64(offset + PATCH_VERSION, true);
  const line = Buffer.from(view.buffer, offset + PATCH_IMAGE, LINE_BYTES).toString('hex');
  return { offset, bytes: patchBytes(view, offset), version, line };
}

/** The patches that were taken away and wait for readers. */
export function patchesTakenAway(memory: WebAssembly.Memory): InspectedPatch[] {
  const view = new DataView(memory.buffer);
  const patches: InspectedPatch[] = [];
  let first = view.getUint32(HEADER_PATCHES_FIRST, true);
  for (; first !== 0; first = view.getUint32(first + PATCH_QUEUE, true)) {
    let patch = first;
    for (; patch !== 0; patch = view.getUint32(patch + PATCH_BEFORE, true)) {
      patches.push(inspectedPatch(view, patch));
    }
  }
  return patches;
}

/** The patches that readers are led to, in no order. */
export function livePatches(memory: WebAssembly.Memory): InspectedPatch[] {
  const view = new DataView(memory.buffer);
  const patches: InspectedPatch[] = [];
  for (let chain = CHAINS; chain < CHAINS + CHAINS_BYTES; chain += 4) {
    let patch = view.getUint32(chain, true);
    for (; patch !== 0; patch = view.getUint32(patch + PATCH_NEXT, true)) {
      patches.push(inspectedPatch(view, patch));
    }
  }
  return patches;
}

/** The number of the current version. */
export function currentVersion(memory: WebAssembly.Memory): bigint {
  return new DataView(memory.buffer).getBigUint64(HEADER_EPOCH, true);
}

/** How many areas of an index are dense, how many sparse, and how many of these have several segments. */
export function areaCounts(memory: WebAssembly.Memory): {
  dense: number;
  sparse: number;
  divided: number;
} {
  const view = new DataView(memory.buffer);
  const counts = { dense: 0, sparse: 0, divided: 0 };
  const end = view.getUint32(ROOT_END, true);
  for (let place = view.getUint32(ROOT_FIRST, true); place < end; place += 4) {
    const node = view.getUint32(place, true);
    if (node === 0) continue;
    const headers = EMPTY_NODE + node + NODE_AREAS * 4;
    for (let area = 0; area < NODE_AREAS; area++) {
      const header = view.getUint32(headers + area * 4, true);
      if (header === 0) continue;
      if (view.getUint32(header, true) === 1) counts.dense++;
      else counts.sparse++;
      if (view.getUint32(header + AREA_SEGMENTS, true) > 1) counts.divided++;
    }
  }
  return counts;
}
