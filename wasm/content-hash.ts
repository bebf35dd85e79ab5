// The canonical form of an index's content, so that replicas can compare what they hold however they
// came to it. An image tells how it came about: blocks lie where earlier batches left them.
//
// The content is the sha-256 of a tag of 16 bytes, "bchf-content/1" and two zeros, and behind it a
// record for each entry in the order of `entries()`: by kind, then by from, an outer run first. All
// little-endian, numbers as IEEE 754 double precision, in which keys are exact:
//
//      0          8        16              24      28     32
//     ┌──────────┬────────┬───────────────┬───────┬──────┐
//     │ from f64 │ to f64 │ user data f64 │ route │ kind │   kind: 1 prefix, 2 fragmented, 3 ported,
//     └──────────┴────────┴───────────────┴───────┴──────┘   and 256 more where there is user data;
//                                                            without, its field is 0
//
// Records are of one size and each says its kind, so two contents have the same bytes only where they
// are the same. Routes are numbers of the route table, which replicas of one ledger share. The label
// is left out: it says at which block the content was reached, and blocks that change nothing of an
// index have other labels for the same content.

import { createHash, type Hash } from 'node:crypto';
import { type EntryPage, entryPagesOf, KINDS_IN_ORDER, type WalkedIndex } from './entry-pages.ts';
import type { EntryKind } from './number-index.ts';

const TAG = Buffer.from('bchf-content/1\0\0', 'latin1');
const KIND_CODES: Record<EntryKind, number> = { prefix: 1, fragmented: 2, ported: 3 };
const HAS_USER_DATA = 256;
const RECORD_BYTES = 32;
/** Records that are hashed at a time. */
const RECORDS_MAX = 2048;

/** The hash of the content, 32 bytes. Where `apply` is called meanwhile it throws a TypeError. */
export function contentHash(index: WalkedIndex): Uint8Array {
  const hash = createHash('sha256').update(TAG);
  const records = new Records();
  for (const kind of KINDS_IN_ORDER) {
    for (const page of entryPagesOf(index, kind)) {
      for (let at = 0; at < page.count; at += RECORDS_MAX) {
        records.update(hash, kind, page, at, Math.min(page.count - at, RECORDS_MAX));
      }
    }
  }
  return new Uint8Array(hash.digest());
}

/** Room for records. Typed arrays have the byte order of the machine, which for Wasm is this one. */
class Records {
  readonly #bytes = new Uint8Array(RECORDS_MAX * RECORD_BYTES);
  readonly #numbers = new Float64Array(this.#bytes.buffer);
  readonly #words = new Uint32Array(this.#bytes.buffer);

  /** Hashes `count` entries of a page from a place on. */
  update(hash: Hash, kind: EntryKind, page: EntryPage, first: number, count: number): void {
    const { from, to, routes, userData } = page;
    const kindCode = KIND_CODES[kind];
    for (let record = 0; record < count; record++) {
      const at = first + record;
      const data = userData === undefined ? Number.NaN : userData[at]!;
      const hasData = !Number.isNaN(data);
      this.#numbers[record * 4] = from[at]!;
      this.#numbers[record * 4 + 1] = to[at]!;
      this.#numbers[record * 4 + 2] = hasData ? data : 0;
      this.#words[record * 8 + 6] = routes[at]!;
      this.#words[record * 8 + 7] = hasData ? kindCode + HAS_USER_DATA : kindCode;
    }
    hash.update(this.#bytes.subarray(0, count * RECORD_BYTES));
  }
}
