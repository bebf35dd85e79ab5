// The answers to plain lookups as bytes, put together in one place that is used again and again.
//
// uWebSockets.js copies what it is handed before it returns. A text costs it more than that: V8 joins the
// parts, counts what they take in UTF-8, and writes them into a buffer made for it. Written here, an answer
// leaves no garbage but a few small objects. It is the same to the byte as what routing-info.ts writes.

import { digitsOf, type NumberKey, parseUeId, type UeId } from '../../ledger/number.ts';
import type { EntryKind } from '../../wasm/number-index.ts';
import type { BlockLabel } from '../freshness.ts';
import { PartWriter } from '../part-writer.ts';
import type { NumberResolver, Resolution } from '../resolve.ts';
import type { TextAnswer } from './http-answer.ts';
import { ledgerJson, notFound } from './routing-info.ts';

/** Longer answers are left to who writes them as text; a route has a few hundred characters. */
const ANSWER_BYTES_MAX = 4096;

// The parts of an answer that are always the same. What stands around a route or a ledger is kept with it.
const UE_ID = Buffer.from('{"ueId":"');
const MATCH: Record<EntryKind, Uint8Array> = {
  prefix: Buffer.from('","match":{"entry":"prefix","prefix":"'),
  fragmented: Buffer.from('","match":{"entry":"fragmented","from":"'),
  ported: Buffer.from('","match":{"entry":"ported","from":"'),
};
const TO = Buffer.from('","to":"');
const USER_DATA_INDEX = Buffer.from(',"userDataIndex":');

/** A JSON text, and the bytes of it and what stands around it. */
interface Encoded {
  json: string;
  bytes: Uint8Array;
}

/** A number and what was found of it. */
export interface LookedUp extends Resolution {
  ueId: UeId;
}

/** Writes the answers of one thread. */
export class PreparedAnswers {
  readonly #resolver: NumberResolver;
  readonly #out = new PartWriter(ANSWER_BYTES_MAX);
  /** The first so many bytes, by how many: to make such a view costs as much as to write an answer. */
  readonly #views = new Array<Uint8Array | undefined>(ANSWER_BYTES_MAX + 1);
  /** By the number of the route. */
  readonly #routes: Encoded[] = [];
  #ledger: Encoded & { block: BlockLabel | undefined; lagMs: number | undefined };

  constructor(resolver: NumberResolver) {
    this.#resolver = resolver;
    this.#out.part(UE_ID);
    this.#ledger = { block: undefined, lagMs: undefined, json: '', bytes: new Uint8Array(0) };
  }

  /**
   * The body of the answer 200 to a lookup without query, valid until the next call; the whole answer 404
   * where no entry covers the number; `undefined` where there is another answer, or a longer one.
   *
   * @param segment of the path, as it was sent
   */
  answer(segment: string): Uint8Array | TextAnswer | undefined {
    const lookedUp = this.lookUp(segment);
    if (!lookedUp) return undefined;
    const { ueId, found } = lookedUp;
    return found ? this.write(segment, lookedUp) : notFound(ueId);
  }

  /** What is known of the number that a segment of a path names; `undefined` where it names none. */
  lookUp(segment: string): LookedUp | undefined {
    const ueId = parseUeId(segment);
    if (!ueId) return undefined;
    const { found, block, lagMs } = this.#resolver.resolve(ueId);
    return { ueId, found, block, lagMs };
  }

  /** The body of the answer 200, valid until the next call; `undefined` where it is too long, or is none. */
  write(segment: string, { ueId, found, block, lagMs }: LookedUp): Uint8Array | undefined {
    if (!found) return undefined;
    const { entry, routeJson, userDataIndex } = found;
    const route = this.#routeBytes(entry.route, routeJson);
    const ledger = this.#ledgerBytes(block, lagMs);
    const out = this.#out;
    out.at = UE_ID.length;
    out.text(segment);
    out.part(MATCH[entry.entry]);
    this.#digits(entry.from, ueId, segment.length);
    if (entry.entry !== 'prefix') {
      out.part(TO);
      this.#digits(entry.to, ueId, segment.length);
    }
    out.part(route);
    if (userDataIndex !== undefined) {
      out.part(USER_DATA_INDEX);
      out.text(String(userDataIndex));
    }
    out.part(ledger);
    return out.hasRoom ? this.#view(out.at) : undefined;
  }

  /** A ported number is its own entry: its digits stand in its name already. */
  #digits(ofKey: NumberKey, { identity, key }: UeId, segmentLength: number): void {
    if (ofKey !== key) {
      this.#out.text(digitsOf(ofKey));
      return;
    }
    const { bytes } = this.#out;
    let { at } = this.#out;
    const end = UE_ID.length + segmentLength;
    for (let from = UE_ID.length + identity.length + 1; from < end; from++) {
      bytes[at++] = bytes[from]!;
    }
    this.#out.at = at;
  }

  #view(length: number): Uint8Array {
    this.#views[length] ??= this.#out.bytes.subarray(0, length);
    return this.#views[length];
  }

  #routeBytes(number: number, json: string): Uint8Array {
    let route = this.#routes[number];
    // The table keeps one text for a route, so where nothing has changed this compares two pointers.
    if (route?.json !== json) {
      route = { json, bytes: Buffer.from(`"},"route":${json}`) };
      this.#routes[number] = route;
    }
    return route.bytes;
  }

  #ledgerBytes(block: BlockLabel, lagMs: number | undefined): Uint8Array {
    if (this.#ledger.block !== block || this.#ledger.lagMs !== lagMs) {
      const json = ledgerJson(block, lagMs);
      this.#ledger = { block, lagMs, json, bytes: Buffer.from(`,"ledger":${json}}`) };
    }
    return this.#ledger.bytes;
  }
}
