// The database under the ledger's store: LevelDB with sealed values, atomic synced writes, and errors in
// the ledger's own codes. What the keys mean is for the store (ledger-store).

import { ClassicLevel } from 'classic-level';
import { makeDirectory } from '../make-directory.ts';
import { seal, unseal } from './seal.ts';
import { corrupt, refuseHeadless, storeError } from './store-error.ts';

const ENTRIES_READ_AT_ONCE = 2_000;
/** Values of whole blocks, of which a reader may need only the first few. */
const LARGE_ENTRIES_READ_AT_ONCE = 64;

/** A put, or without a value a deletion. */
export interface Operation {
  key: Buffer;
  value: Uint8Array | undefined;
}

/** Keys from one on to below, or including, another. */
export type KeyRange = { gte: Buffer } & ({ lt: Buffer } | { lte: Buffer });

/** A put of a sealed value. */
export function put(key: Buffer, value: Uint8Array): Operation {
  return { key, value: seal(key, value) };
}

export class SealedDatabase {
  readonly #database: ClassicLevel<Buffer, Uint8Array>;

  private constructor(database: ClassicLevel<Buffer, Uint8Array>) {
    this.#database = database;
  }

  /**
   * Opens the database in a directory, which is made where it is missing. Errors: BCHF_STORE_LOCKED,
   * BCHF_STORE_CORRUPT, BCHF_STORE_FAILED.
   */
  static async open(directory: string): Promise<SealedDatabase> {
    try {
      await makeDirectory(directory);
      await refuseHeadless(directory);
      const database = new ClassicLevel<Buffer, Uint8Array>(directory, {
        keyEncoding: 'buffer',
        valueEncoding: 'view',
      });
      await database.open();
      return new SealedDatabase(database);
    } catch (error) {
      throw storeError(error, `the store in ${directory} cannot be opened`);
    }
  }

  /** The value that was sealed under a key. */
  async get(key: Buffer): Promise<Uint8Array | undefined> {
    const sealed = await this.getBare(key);
    return sealed && unsealed(key, sealed);
  }

  /** A value without a seal. */
  async getBare(key: Buffer): Promise<Uint8Array | undefined> {
    try {
      return await this.#database.get(key);
    } catch (error) {
      throw storeError(error, 'the store cannot be read');
    }
  }

  /** Keys and values without a seal, in order. */
  async *bareEntries(range: KeyRange): AsyncIterableIterator<[Buffer, Uint8Array]> {
    yield* this.#entries(range, false, ENTRIES_READ_AT_ONCE);
  }

  /** Keys and sealed values, the last one first. */
  async *backwards(range: KeyRange): AsyncIterableIterator<[Buffer, Uint8Array]> {
    for await (const [key, sealed] of this.#entries(range, true, LARGE_ENTRIES_READ_AT_ONCE)) {
      yield [key, unsealed(key, sealed)];
    }
  }

  /** Carries out all of the operations or none; when this returns, they are on the disk. */
  async write(operations: readonly Operation[]): Promise<void> {
    try {
      // A chained batch costs 4.5 µs a row, an array 14 µs (Xeon 2.5 GHz, Node 20.20, 2026-11).
      const batch = this.#database.batch();
      for (const { key, value } of operations) {
        if (value) batch.put(key, value);
        else batch.del(key);
      }
      await batch.write({ sync: true });
    } catch (error) {
      throw storeError(error, 'the store cannot be written');
    }
  }

  /** Deletes what lies in ranges, one after the other; a crash may leave some of it. */
  async clear(...ranges: KeyRange[]): Promise<void> {
    try {
      for (const range of ranges) await this.#database.clear(range);
    } catch (error) {
      throw storeError(error, 'the store cannot be written');
    }
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async *#entries(
    range: KeyRange,
    reverse: boolean,
    atOnce: number,
  ): AsyncIterableIterator<[Buffer, Uint8Array]> {
    const iterator = this.#database.iterator({ ...range, reverse });
    try {
      for (;;) {
        const entries = await iterator.nextv(atOnce);
        if (entries.length === 0) return;
        yield* entries;
      }
    } catch (error) {
      throw storeError(error, 'the store cannot be read');
    } finally {
      await iterator.close();
    }
  }
}

function unsealed(key: Buffer, sealed: Uint8Array): Uint8Array {
  const value = unseal(key, sealed);
  if (!value) throw corrupt(`the value of key ${key.toString('hex')} has changed`);
  return value;
}
