// A file of settings that is read again when it changes, while the process runs.

import { readFile, stat } from 'node:fs/promises';
import { ResolverError } from './resolver-error.ts';

/** How often such files are looked at. */
const LOOK_INTERVAL_MS = 2000;

export class WatchedFile<T> {
  readonly path: string;
  readonly #parse: (text: string) => T;
  #value: T;
  /** What the file looked like when it was read last, whether or not it fitted. */
  #stamp: string;
  /** Why it could not be read, where that has been told. */
  #told = '';

  private constructor(path: string, parse: (text: string) => T, stamp: string, value: T) {
    this.path = path;
    this.#parse = parse;
    this.#stamp = stamp;
    this.#value = value;
  }

  /** Throws BCHF_CONFIG_INVALID where the file cannot be read, or where `parse` throws. */
  static async open<T>(path: string, parse: (text: string) => T): Promise<WatchedFile<T>> {
    let stamp: string;
    let text: string;
    try {
      stamp = await stampOf(path);
      text = await readFile(path, 'utf8');
    } catch (cause) {
      return invalid(path, cause);
    }
    return new WatchedFile(path, parse, stamp, parsed(path, text, parse));
  }

  get value(): T {
    return this.#value;
  }

  /**
   * Whether there is another value than before. Throws like {@link WatchedFile.open}, and then the value
   * stays as it was; of a file that stays as it is, once. One that cannot be read is tried again each time.
   */
  async look(): Promise<boolean> {
    let text: string;
    try {
      const stamp = await stampOf(this.path);
      if (stamp === this.#stamp) return false;
      text = await readFile(this.path, 'utf8');
      this.#stamp = stamp;
    } catch (cause) {
      const { message } = cause as Error;
      if (message === this.#told) return false;
      this.#told = message;
      return invalid(this.path, cause);
    }
    this.#told = '';
    this.#value = parsed(this.path, text, this.#parse);
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

function parsed<T>(path: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (cause) {
    return invalid(path, cause);
  }
}

function invalid(path: string, cause: unknown): never {
  throw new ResolverError('BCHF_CONFIG_INVALID', `${path}: ${(cause as Error).message}`, { cause });
}
