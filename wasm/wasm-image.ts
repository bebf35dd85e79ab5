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
  ARENA_SLACK,
  createMemory,
  HEADER_ROOT_FIRST,
  IMAGE_HEADER_BYTES,
  instantiate,
  MEMORY_PAGES_MIN,
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
   * Checks the image and makes an index of it, with the writer's role. BCHF_INDEX_IMAGE_VERSION where
   * it is of another format, BCHF_INDEX_IMAGE_INVALID where it is none, truncated or damaged.
   */
  finish(): WasmIndex;
}

export interface ImageOptions extends WasmIndexOptions {
  /** How many routes there are: an image with a higher route number is refused. */
  routesMax?: number;
  /**
   * A memory to load into, in place of a new one: all zeros, of an index that nobody reads any more, and
   * made with the same `memoryBytesMax`.
   */
  memory?: WebAssembly.Memory | undefined;
}

/** What layout.ts calls IMAGE_NOT_ONE and so on, for people. */
const FAULTS: readonly string[] = [
  '',
  'it does not begin like one',
  'its format is another',
  'its byte order is another',
  'its sizes do not fit each other',
  'its checksum does not fit its content',
  'an entry of it is broken, or names a route that there is none of',
];
/** What IMAGE_OTHER_FORMAT and IMAGE_INCONSISTENT are. */
const FAULT_OF_FORMAT = 2;
const FAULT_OF_TRAP = 4;

/**
 * Begins to load an image of `imageBytes` bytes. BCHF_INDEX_FULL, here or once the header is known,
 * where `memoryBytesMax` does not hold it.
 */
export function createImageLoader(imageBytes: number, options: ImageOptions = {}): ImageLoader {
  if (!(Number.isInteger(imageBytes) && imageBytes >= 0)) {
    throw new RangeError(`an image of ${imageBytes} bytes`);
  }
  if (imageBytes < IMAGE_HEADER_BYTES) throw invalid('it is shorter than its header');
  const memoryBytesMax = options.memoryBytesMax ?? MEMORY_BYTES_MAX;
  const memory = options.memory ?? createMemory(MEMORY_PAGES_MIN, memoryBytesMax);
  if (options.hugePages !== false && !options.memory) adviseHugePages(memory, memoryBytesMax);
  const wasm = instantiate(memory, options.build ?? 'release');
  const routesMax = options.routesMax ?? ROUTES_MAX;
  const words = new Uint32Array(memory.buffer, 0, IMAGE_HEADER_BYTES / 4);
  let bytes = new Uint8Array(memory.buffer);
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
    const arena = PAGES_BEFORE_ARENA * PAGE_BYTES;
    makeRoom(arena + imageBytes - IMAGE_HEADER_BYTES - rootBytes + ARENA_SLACK);
    return { offset: arena + inRoot - rootBytes, room: imageBytes - received };
  };

  /** Grows the memory once, to all that the image needs. */
  const makeRoom = (end: number): void => {
    const missing = Math.ceil((end - bytes.length) / PAGE_BYTES);
    if (missing <= 0) return;
    if (end > memoryBytesMax) throw full(end, memoryBytesMax);
    memory.grow(missing);
    bytes = new Uint8Array(memory.buffer);
  };

  /** What is wrong with the image. A trap is too: a check that ran into one has found no index. */
  const check = (): number => {
    try {
      return wasm.call((exports) => exports.checkImage(imageBytes, routesMax));
    } catch (error) {
      if (error instanceof IndexError && error.code === 'BCHF_INDEX_TRAP') return FAULT_OF_TRAP;
      throw error;
    }
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
      const fault = check();
      if (fault === FAULT_OF_FORMAT) {
        throw new IndexError('BCHF_INDEX_IMAGE_VERSION', `an index image: ${FAULTS[fault]}`);
      }
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

function full(bytes: number, bytesMax: number): IndexError {
  const message = `the image needs ${bytes} bytes of memory, its limit is ${bytesMax}`;
  return new IndexError('BCHF_INDEX_FULL', message);
}

function invalid(fault: string): IndexError {
  return new IndexError('BCHF_INDEX_IMAGE_INVALID', `not a valid index image: ${fault}`);
}
