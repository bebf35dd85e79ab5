// What is served now, and the one line in which it changes. Blocks and swaps become visible in the order in
// which they were asked for: a block without new routes must not overtake the one before it, and after one
// that could not be applied none may be.

import type { EntryChange } from '../ledger/entry.ts';
import { IDENTITIES, type Identity } from '../ledger/number.ts';
import type { Route } from '../ledger/route.ts';
import { type BlockLabel, decodeLabel, encodeLabel } from './freshness.ts';
import { type RouteChanges, RouteTable } from './route-table.ts';
import type { IndexPair } from './snapshot/snapshot-file.ts';
import type { UdpPlan } from './udp/udp-plan.ts';
import type { GenerationStart } from './worker-messages.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What is to be served next. */
export interface NextGeneration {
  indexes: IndexPair;
  /** Left out where the routes are those of now: those of the same ledger. */
  routes?: readonly Route[];
}

/** Who reads what is served, and is told when it changes. */
export interface ContentReaders {
  threads: Pick<WorkerPool, 'publishRoutes' | 'publishGeneration' | 'publishServed'>;
  /** Resolves when nothing else in this process reads the indexes of before. */
  leaveIndexes: () => Promise<void>;
  /** A block is in the indexes; threads are told of it next. */
  blockServed: (
    block: BlockLabel,
    changes: readonly EntryChange[],
    routes: RouteChanges['routes'],
  ) => void;
}

export class ServedContent {
  readonly routes = new RouteTable();
  readonly #udp: Pick<UdpPlan, 'setCarriers' | 'replaceCarriers' | 'carrierTable'>;
  #indexes: IndexPair;
  #generation = 1;
  /** Generations that threads may still be reading, by their numbers. */
  readonly #read: Map<number, IndexPair>;
  #readers: ContentReaders | undefined;
  #line: Promise<void> = Promise.resolve();

  constructor(
    indexes: IndexPair,
    routes: readonly Route[],
    udp: Pick<UdpPlan, 'setCarriers' | 'replaceCarriers' | 'carrierTable'>,
  ) {
    this.#udp = udp;
    this.#indexes = indexes;
    this.#read = new Map([[this.#generation, indexes]]);
    const first = numbered(routes);
    this.routes.apply({ version: 1, routes: first });
    udp.setCarriers(first);
  }

  get indexes(): IndexPair {
    return this.#indexes;
  }

  get generation(): number {
    return this.#generation;
  }

  get block(): BlockLabel {
    return decodeLabel(this.#indexes.msisdn.label());
  }

  /** Must come before the first change. */
  readBy(readers: ContentReaders): void {
    this.#readers = readers;
  }

  /** What a thread begins with. */
  start(): GenerationStart {
    const routes = { version: this.routes.version, routes: numbered(this.routes.all()) };
    return { ...this.#generationNow(), routes };
  }

  #generationNow(): Omit<GenerationStart, 'routes'> {
    const { imsi, msisdn } = this.#indexes;
    return {
      number: this.#generation,
      memories: { imsi: imsi.memory, msisdn: msisdn.memory },
      carrierTable: this.#udp.carrierTable,
    };
  }

  /** Gives back the places of a thread that died among the readers of its generation. */
  evict(generation: number, readerNumbers: Record<Identity, number>): void {
    const indexes = this.#read.get(generation);
    // Of a generation that is not read any more, its place is not needed.
    if (!indexes) return;
    for (const identity of IDENTITIES) indexes[identity].evictReader(readerNumbers[identity]);
  }

  /**
   * Serves other indexes with their routes, in every thread, and resolves when no thread answers from
   * those before; `released` then resolves when nothing reads them any more.
   *
   * @param bringUp called when every block that was applied before the call is served, and before any
   *   later one is: what it throws ends the swap, and what was served goes on
   */
  swapTo(
    next: NextGeneration,
    bringUp?: () => Promise<void>,
  ): Promise<{ released: Promise<void> }> {
    const before = this.#line;
    const swapped = before.then(async () => {
      await bringUp?.();
      return this.#swap(next);
    });
    const isOver = () => undefined;
    // A swap that failed has changed nothing, so blocks go on.
    this.#line = before.then(() => swapped.then(isOver, isOver));
    // Where a block before it failed, that was told to who applied it.
    this.#line.catch(isOver);
    return swapped;
  }

  async #swap({ indexes, routes = this.routes.all() }: NextGeneration) {
    const { threads, leaveIndexes } = this.#readers!;
    const left = this.#generation;
    const replacement = this.routes.replacementOf(routes);
    this.#udp.replaceCarriers(numbered(routes));
    this.routes.replace(replacement);
    this.#indexes = indexes;
    this.#generation++;
    this.#read.set(this.#generation, indexes);
    const change = { ...this.#generationNow(), routes: replacement };
    const { applied, released } = threads.publishGeneration(change, left);
    await applied;
    const allReleased = Promise.all([released, leaveIndexes()]);
    return { released: allReleased.then(() => void this.#read.delete(left)) };
  }

  /** Serves another block: its routes to every thread first, then all its entries at once. */
  applyBlock(
    block: BlockLabel,
    changes: readonly EntryChange[],
    routes: RouteChanges['routes'],
  ): Promise<void> {
    this.#line = this.#line.then(async () => {
      const { threads, blockServed } = this.#readers!;
      if (routes.length > 0) {
        const version = this.routes.version + 1;
        this.routes.apply({ version, routes });
        this.#udp.setCarriers(routes);
        await threads.publishRoutes({ version, routes });
      }
      applyToIndexes(this.#indexes, block, changes);
      blockServed(block, changes, routes);
      threads.publishServed(block.height);
    });
    return this.#line;
  }
}

/** Makes one block's changes visible in each index, under the block's label. */
export function applyToIndexes(
  indexes: IndexPair,
  block: BlockLabel,
  changes: readonly EntryChange[],
): void {
  const label = encodeLabel(block);
  const byIdentity: Record<Identity, EntryChange[]> = { imsi: [], msisdn: [] };
  for (const change of changes) byIdentity[change.identity].push(change);
  for (const identity of IDENTITIES) indexes[identity].apply(byIdentity[identity], label);
}

function numbered(routes: readonly Route[]): RouteChanges['routes'] {
  return routes.map((route, number) => ({ number, route }));
}
