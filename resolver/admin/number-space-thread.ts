// The thread that counts the number space for the console, beside what is served and after it: on Linux
// at a low priority.
//
// The first question about a kind of numbers begins a count of all its entries, in steps between which
// messages are read. Meanwhile, and while a later count replaces an older one, whoever asks is told how
// far it is, or gets the older one's figures. An index that changes is counted again no sooner than a
// multiple of what a count takes.

import { parentPort, workerData } from 'node:worker_threads';
import { digitsOf, IDENTITIES, type Identity } from '../../ledger/number.ts';
import { KINDS_IN_ORDER } from '../../wasm/entry-pages.ts';
import { EntryWalker } from '../../wasm/entry-walker.ts';
import { heightOfLabel } from '../freshness.ts';
import { giveWay } from '../thread-priority.ts';
import type { NumberSpace } from './console-model.ts';
import { NumberSpaceCounts } from './number-space-counts.ts';
import type {
  NumberSpaceEvent,
  NumberSpaceQuestion,
  NumberSpaceStart,
} from './number-space-messages.ts';

/** Longest time for which no message is read. */
const STEP_MS = 20;
/** A count is kept for so many times what it took, and for so long at least. */
const KEPT_TIMES = 20;
const KEPT_MS_MIN = 10_000;

if (!parentPort) throw new Error('number-space-thread.ts is started as a worker thread');
const port = parentPort;
const { memories, table }: NumberSpaceStart = workerData;
const post = (event: NumberSpaceEvent) => port.postMessage(event);

class Survey {
  readonly #identity: Identity;
  readonly walker: EntryWalker;
  #done: { counts: NumberSpaceCounts; height: number; atMs: number; tookMs: number } | undefined;
  #isCounting = false;
  #counted = 0;

  constructor(identity: Identity) {
    this.#identity = identity;
    this.walker = new EntryWalker(memories[identity]);
  }

  answer(prefix: number, digits: 1 | 2): NumberSpace {
    if (!this.#isCounting && this.#isStale()) this.#count();
    const done = this.#done;
    if (!done) {
      const { prefix, fragmented, ported } = this.walker.counts();
      const total = prefix + fragmented + ported;
      return { state: 'counting', counted: Math.min(this.#counted, total), total };
    }
    return {
      state: 'counted',
      identity: this.#identity,
      prefix: digitsOf(prefix),
      countedAtMs: done.atMs,
      height: done.height,
      cells: done.counts.cells(prefix, digits, this.walker),
    };
  }

  #isStale(): boolean {
    if (!this.#done) return true;
    const { height, atMs, tookMs } = this.#done;
    if (height === heightOfLabel(this.walker.label())) return false;
    return Date.now() - atMs > Math.max(KEPT_MS_MIN, KEPT_TIMES * tookMs);
  }

  async #count(): Promise<void> {
    this.#isCounting = true;
    this.#counted = 0;
    const counts = new NumberSpaceCounts(table);
    const height = heightOfLabel(this.walker.label());
    const begunMs = Date.now();
    let stepMs = begunMs;
    for (const kind of KINDS_IN_ORDER) {
      let [from, to] = [0, 0];
      for (;;) {
        const page = this.walker.pageFrom(kind, from, to);
        if (page.count === 0) break;
        counts.addPage(kind, page);
        this.#counted += page.count;
        [from, to] = [page.from[page.count - 1]!, page.to[page.count - 1]!];
        if (kind !== 'fragmented') from++;
        if (Date.now() - stepMs < STEP_MS) continue;
        await new Promise((resolve) => setImmediate(resolve));
        stepMs = Date.now();
      }
    }
    counts.finish();
    this.#done = { counts, height, atMs: Date.now(), tookMs: Date.now() - begunMs };
    this.#isCounting = false;
  }
}

giveWay();
const surveys = Object.fromEntries(
  IDENTITIES.map((identity) => [identity, new Survey(identity)]),
) as Record<Identity, Survey>;
post({
  type: 'reading',
  readerNumbers: {
    imsi: surveys.imsi.walker.readerNumber,
    msisdn: surveys.msisdn.walker.readerNumber,
  },
});
port.on('message', ({ id, identity, prefix, digits }: NumberSpaceQuestion) => {
  post({ type: 'answer', id, answer: surveys[identity].answer(prefix, digits) });
});
