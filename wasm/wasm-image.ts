// Loading an image: its bytes go to their places in a new memory as they come, without a second
// copy of the whole, and are checked when all are there.

import { IndexError, ROUTES_MAX } from './number-index.ts';
import {
  MEMORY_BYTES_MAX,
  MemoryIndex,
  type WasmIndex,
  type WasmIndexOptions,
} from './wasm-index.ts';
import {
  createMemory,
  HEADER_ROOT_FIRST,
  IMAGE_HEADER_BYTES,
  instantiate,
  PAGE_BYTES,
  PAGES_BEFORE_ARENA,
  ROOT,
  ROOT_BYTES,
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
  // The end of the arena must have pages behind it: see ARENA_SLACK in layout.ts.
  const pages = PAGES_BEFORE_ARENA + Math.ceil((imageBytes - IMAGE_HEADER_BYTES) / PAGE_BYTES) + 1;
  const memory = createMemory(pages, options.memoryBytesMax ?? MEMORY_BYTES_MAX);
  const wasm = instantiate(memory, options.build ?? 'release');
  const routesMax = options.routesMax ?? ROUTES_MAX;
  const bytes = new Uint8Array(memory.buffer);
  const words = new Uint32Array(memory.buffer, 0, IMAGE_HEADER_BYTES / 4);
  let received = 0;

  /** Where byte `received` of the image belongs, and how many from there on lie in one piece. */
  const place = (): { offset: number; room: number } => {
    if (received < IMAGE_HEADER_BYTES) {
      return { offset: received, room: IMAGE_HEADER_BYTES - received };
    }
    const rootFirst = words[HEADER_ROOT_FIRST / 4]!;
    const rootBytes = words[HEADER_ROOT_FIRST / 4 + 1]! - rootFirst;
    if (!(rootFirst >= ROOT && rootBytes >= 0 && rootFirst + rootBytes <= ROOT + ROOT_BYTES)) {
      throw invalid('its sizes do not fit each other');
    }
    const inRoot = received - IMAGE_HEADER_BYTES;
    if (inRoot < rootBytes) return { offset: rootFirst + inRoot, room: rootBytes - inRoot };
    const inArena = inRoot - rootBytes;
    return { offset: PAGES_BEFORE_ARENA * PAGE_BYTES + inArena, room: imageBytes - received };
  };

  return {
    write(chunk) {
      if (received + chunk.length > imageBytes) throw invalid('it is longer than announced');
      for (let from = 0; from < chunk.length; ) {
        const { offset, room } = place();
        const part = chunk.subarray(from, from + room);
        bytes.set(part, offset);
        received += part.length;
        from += part.length;
      }
    },
    finish() {
      if (received !== imageBytes) throw invalid('it is truncated');
      const fault = wasm.call((exports) => exports.checkImage(imageBytes, routesMax));
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
