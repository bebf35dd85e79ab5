// A file of settings that is read again when it changes, while the process runs.

import { readFile, stat } from 'node:fs/promises';
import { ResolverError } from './resolver-error.ts';

/** How often such files are looked at. */
const LOOK_INTERVAL_MS = 2000;

export class WatchedFile<T> {
  readonly path: string;
  readonly #parse: (text: string) => T;
  #value: T;
  /** What the file looked like when it was looked at last; empty where it could not be. */
  #stamp: string;

  private constructor(path: string, parse: (text: string) => T, stamp: string, value: T) {
    this.path = path;
    this.#parse = parse;
    this.#stamp = stamp;
    this.#value = value;
  }

  /** Throws BCHF_CONFIG_INVALID where the file cannot be read, or where `parse` throws. */
  static async open<T>(path: string, parse: (text: string) => T): Promise<WatchedFile<T>> {
    const stamp = await stampOf(path).catch((cause) => invalid(path, cause));
    return new WatchedFile(path, parse, stamp, await readParsed(path, parse));
  }

  get value(): T {
    return this.#value;
  }

  /**
   * Whether there is another value than before. Throws like {@link WatchedFile.open}, and then the value
   * stays as it was; once for each change of the file, however often it is looked at.
   */
  async look(): Promise<boolean> {
    const stamp = await stampOf(this.path).catch((cause: unknown) => ({ cause }));
    const seen = typeof stamp === 'string' ? stamp : '';
    if (seen === this.#stamp) return false;
    this.#stamp = seen;
    if (typeof stamp !== 'string') return invalid(this.path, stamp.cause);
    this.#value = await readParsed(this.path, this.#parse);
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

async function readParsed<T>(path: string, parse: (text: string) => T): Promise<T> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (cause) {
    return invalid(path, cause);
  }
}

function invalid(path: string, cause: unknown): never {
  throw new ResolverError('BCHF_CONFIG_INVALID', `${path}: ${(cause as Error).message}`, { cause });
}
