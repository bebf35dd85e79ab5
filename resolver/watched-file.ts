// A file of settings that is read again when it changes, while the process runs.

import { readFile, stat } from 'node:fs/promises';
import { ResolverError } from './resolver-error.ts';

/** How often such files are looked at. */
const LOOK_INTERVAL_MS = 2000;

export class WatchedFile<T> {
  readonly path: string;
  readonly #parse: (text: string) => T;
  #value: T;
  /** What the file looked like when it was read. */
  #stamp: string;

  private constructor(path: string, parse: (text: string) => T, stamp: string, value: T) {
    this.path = path;
    this.#parse = parse;
    this.#stamp = stamp;
    this.#value = value;
  }

  /** Throws BCHF_CONFIG_INVALID where the file cannot be read, or where `parse` throws. */
  static async open<T>(path: string, parse: (text: string) => T): Promise<WatchedFile<T>> {
    const { stamp, value } = await readStamped(path, parse);
    return new WatchedFile(path, parse, stamp, value);
  }

  get value(): T {
    return this.#value;
  }

  /**
   * Whether there is another value than before. Throws like {@link WatchedFile.open}, and then the value
   * stays as it was.
   */
  async look(): Promise<boolean> {
    if ((await stampOf(this.path).catch((cause) => invalid(this.path, cause))) === this.#stamp) {
      return false;
    }
    const { stamp, value } = await readStamped(this.path, this.#parse);
    this.#stamp = stamp;
    this.#value = value;
    return true;
  }
}

/** Looks every now and then, one look at a time; the returned function ends it. */
export function lookRegularly(look: () => Promise<void>): () => void {
  let isLooking = false;
  const timer = setInterval(async () => {
    if (isLooking) return;
    isLooking = true;
    await look();
    isLooking = false;
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function stampOf(path: string): Promise<string> {
  const { mtimeMs, size, ino } = await stat(path);
  return `${mtimeMs} ${size} ${ino}`;
}

async function readStamped<T>(
  path: string,
  parse: (text: string) => T,
): Promise<{ stamp: string; value: T }> {
  try {
    const stamp = await stampOf(path);
    return { stamp, value: parse(await readFile(path, 'utf8')) };
  } catch (cause) {
    return invalid(path, cause);
  }
}

function invalid(path: string, cause: unknown): never {
  throw new ResolverError('BCHF_CONFIG_INVALID', `${path}: ${(cause as Error).message}`, { cause });
}
