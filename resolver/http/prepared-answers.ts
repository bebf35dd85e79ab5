// The answers to plain look-ups as bytes, put together in one place that is used again and again.
//
// uWebSockets.js copies what it is handed before it returns. A text costs it more than that: V8 joins the
// parts, counts what they take in UTF-8, and writes them into a buffer made for it. Written here, an answer
// leaves no garbage but a few small objects. It is the same to the byte as what routing-info.ts writes.

import { digitsOf, type NumberKey, parseUeId } from '../../ledger/number.ts';
import type { EntryKind } from '../../wasm/number-index.ts';
import type { BlockLabel } from '../freshness.ts';
import type { NumberResolver } from '../resolve.ts';
import { ledgerJson } from './routing-info.ts';

/** Longer answers are left to who writes them as text; a route has a few hundred characters. */
const ANSWER_BYTES_MAX = 4096;
/** What an answer has besides its route and its ledger, at most. */
const REST_BYTES_MAX = 256;

// The parts of an answer that are always the same.
const UE_ID = Buffer.from('{"ueId":"');
const MATCH: Record<EntryKind, Uint8Array> = {
  prefix: Buffer.from('","match":{"entry":"prefix","prefix":"'),
  fragmented: Buffer.from('","match":{"entry":"fragmented","from":"'),
  ported: Buffer.from('","match":{"entry":"ported","from":"'),
};
const TO = Buffer.from('","to":"');
const ROUTE = Buffer.from('"},"route":');
const USER_DATA_INDEX = Buffer.from(',"userDataIndex":');
const LEDGER = Buffer.from(',"ledger":');
const END = Buffer.from('}');

/** A JSON text and its bytes. */
interface Encoded {
  json: string;
  bytes: Uint8Array;
}

/** Writes the answers of one thread. */
export class PreparedAnswers {
  readonly #resolver: NumberResolver;
  readonly #bytes: Uint8Array = Buffer.alloc(ANSWER_BYTES_MAX);
  /** The first so many bytes, by how many: to make such a view costs as much as to write an answer. */
  readonly #views: Uint8Array[] = [];
  /** By the number of the route. */
  readonly #routes: Encoded[] = [];
  #ledger: Encoded & { block: BlockLabel | undefined; lagMs: number | undefined };
  #at = 0;

  constructor(resolver: NumberResolver) {
    this.#resolver = resolver;
    this.#ledger = { block: undefined, lagMs: undefined, json: '', bytes: new Uint8Array(0) };
  }

  /**
   * The body of the answer 200 to a look-up without query, valid until the next call; `undefined` where
   * there is another answer, or a longer one.
   *
   * @param segment of the path, as it was sent
   */
  answer(segment: string): Uint8Array | undefined {
    const ueId = parseUeId(segment);
    if (!ueId) return undefined;
    const { found, block, lagMs } = this.#resolver.resolve(ueId);
    if (!found) return undefined;
    const { entry, routeJson, userDataIndex } = found;
    const route = this.#routeBytes(entry.route, routeJson);
    const ledger = this.#ledgerBytes(block, lagMs);
    if (route.length + ledger.length > ANSWER_BYTES_MAX - REST_BYTES_MAX) return undefined;
    this.#at = 0;
    this.#short(UE_ID);
    this.#text(segment);
    // Those of the number itself, which is its own entry where it is ported, stand in its name already.
    const ownDigitsAt = UE_ID.length + ueId.identity.length + 1;
    const digits = (ofKey: NumberKey) => {
      if (ofKey === ueId.key) this.#short(this.#bytes, ownDigitsAt, UE_ID.length + segment.length);
      else this.#text(digitsOf(ofKey));
    };
    this.#short(MATCH[entry.entry]);
    digits(entry.from);
    if (entry.entry !== 'prefix') {
      this.#short(TO);
      digits(entry.to);
    }
    this.#short(ROUTE);
    this.#long(route);
    if (userDataIndex !== undefined) {
      this.#short(USER_DATA_INDEX);
      this.#text(String(userDataIndex));
    }
    this.#short(LEDGER);
    this.#long(ledger);
    this.#short(END);
    return this.#view(this.#at);
  }

  #text(ascii: string): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let from = 0; from < ascii.length; from++) bytes[at++] = ascii.charCodeAt(from);
    this.#at = at;
  }

  /** In a loop, which for some ten bytes takes less than a call. */
  #short(part: Uint8Array, start = 0, end = part.length): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let from = start; from < end; from++) bytes[at++] = part[from]!;
    this.#at = at;
  }

  #long(part: Uint8Array): void {
    this.#bytes.set(part, this.#at);
    this.#at += part.length;
  }

  #view(length: number): Uint8Array {
    this.#views[length] ??= this.#bytes.subarray(0, length);
    return this.#views[length];
  }

  #routeBytes(number: number, json: string): Uint8Array {
    let route = this.#routes[number];
    // The table keeps one text for a route, so where nothing has changed this compares two pointers.
    if (route?.json !== json) {
      route = { json, bytes: Buffer.from(json) };
      this.#routes[number] = route;
    }
    return route.bytes;
  }

  #ledgerBytes(block: BlockLabel, lagMs: number | undefined): Uint8Array {
    if (this.#ledger.block !== block || this.#ledger.lagMs !== lagMs) {
      const json = ledgerJson(block, lagMs);
      this.#ledger = { block, lagMs, json, bytes: Buffer.from(json) };
    }
    return this.#ledger.bytes;
  }
}
