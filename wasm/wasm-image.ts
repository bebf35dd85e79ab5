// Loading an image: its bytes go to their places in a new memory as they come, without a second
// copy of the whole, and are checked when all are there.

import { adviseHugePages } from './huge-pages.ts';
import { IndexError, ROUTES_MAX } from './number-index.ts';
import {
  MEMORY_BYTES_MAX,
  MemoryIndex,
  type WasmIndex,
  type WasmIndexOptions,
} from './wasm-index.ts';
import {
  createMemory,
  IMAGE_HEADER_BYTES,
  instantiate,
  PAGE_BYTES,
  PAGES_BEFORE_ARENA,
} from './wasm-module.ts';

/** Takes an image in pieces of any size, in order. */
export interface ImageLoader {
  /** Adds the next bytes. More than announced are refused with BCHF_INDEX_IMAGE_INVALID. */
  write(chunk: Uint8Array): void;
  /**
   * Checks the image and makes an index of it, with the writer's role. BCHF_INDEX_IMAGE_INVALID
   * where it is none, of another format, truncated or damaged.
   */
  finish(): WasmIndex;
}

export interface ImageOptions extends WasmIndexOptions {
  /** How many routes there are: an image with a higher route number is refused. */
  routesMax?: number;
}

/** What layout.ts calls IMAGE_NOT_ONE and so on, for people. */
const FAULTS: readonly string[] = [
  '',
  'it does not begin like one',
  'its format version is another',
  'its byte order is another',
  'its sizes do not fit each other',
  'its checksum does not fit its content',
  'an entry of it is broken, or names a route that there is none of',
];

/**
 * Begins to load an image of `imageBytes` bytes. BCHF_INDEX_FULL where `memoryBytesMax` does not
 * hold it.
 */
export function createImageLoader(imageBytes: number, options: ImageOptions = {}): ImageLoader {
  if (!(Number.isInteger(imageBytes) && imageBytes >= 0)) {
    throw new RangeError(`an image of ${imageBytes} bytes`);
  }
  if (imageBytes < IMAGE_HEADER_BYTES) throw invalid('it is shorter than its header');
  const pages = PAGES_BEFORE_ARENA + Math.ceil((imageBytes - IMAGE_HEADER_BYTES) / PAGE_BYTES);
  const memoryBytesMax = options.memoryBytesMax ?? MEMORY_BYTES_MAX;
  const memory = createMemory(pages, memoryBytesMax);
  if (options.hugePages !== false) adviseHugePages(memory, memoryBytesMax);
  const wasm = instantiate(memory, options.build ?? 'release');
  const routesMax = options.routesMax ?? ROUTES_MAX;
  const arenaBytes = imageBytes - IMAGE_HEADER_BYTES;
  const header = new Uint8Array(memory.buffer, 0, IMAGE_HEADER_BYTES);
  const arena = new Uint8Array(memory.buffer, PAGES_BEFORE_ARENA * PAGE_BYTES, arenaBytes);
  let received = 0;

  return {
    write(chunk) {
      if (received + chunk.length > imageBytes) throw invalid('it is longer than announced');
      const toHeader = chunk.subarray(0, Math.max(IMAGE_HEADER_BYTES - received, 0));
      header.set(toHeader, Math.min(received, IMAGE_HEADER_BYTES - toHeader.length));
      const toArena = chunk.subarray(toHeader.length);
      arena.set(toArena, Math.max(received - IMAGE_HEADER_BYTES, 0));
      received += chunk.length;
    },
    finish() {
      if (received !== imageBytes) throw invalid('it is truncated');
      const fault = wasm.call((exports) => exports.checkImage(arenaBytes, routesMax));
      if (fault !== 0) throw invalid(FAULTS[fault]!);
      return new MemoryIndex(memory, wasm);
    },
  };
}

/** Makes an index of a whole image; see {@link ImageLoader.finish} for the errors. */
export function loadImage(image: Uint8Array, options: ImageOptions = {}): WasmIndex {
  const loader = createImageLoader(image.length, options);
  loader.write(image);
  return loader.finish();
}

function invalid(fault: string): IndexError {
  return new IndexError('BCHF_INDEX_IMAGE_INVALID', `not a valid index image: ${fault}`);
}
