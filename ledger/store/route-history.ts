// Which routes a kept block has declared: new ones, and those with new details.

import { decodeBlock } from '../block/block-codec.ts';
import type { Route } from '../route.ts';
import { decodeTransaction } from '../transaction-codec.ts';
import { KINDS } from '../transaction-kinds.ts';
import type { LedgerStore } from './ledger-store.ts';

/** The first byte of the one kind of transaction that changes routes. */
const DECLARE_ROUTES = KINDS.find(({ kind }) => kind === 'declare-routes')!.byte;

/** Heights whose declarations are remembered; blocks do not change, so they stay right. */
const REMEMBERED_MAX = 100_000;
const NONE: readonly Route[] = [];

/**
 * Reading a block costs some 0.1 ms, and nearly none declares routes. What was found is remembered, so that
 * a search that had to be given up is further along the next time.
 */
export class RouteHistory {
  readonly #store: LedgerStore;
  readonly #remembered = new Map<number, readonly Route[]>();

  constructor(store: LedgerStore) {
    this.#store = store;
  }

  /** The routes that the block at a height has declared, in order; none where it is not kept. */
  async declaredAt(height: number): Promise<readonly Route[]> {
    const remembered = this.#remembered.get(height);
    if (remembered) return remembered;
    const block = await this.#store.block(height);
    if (!block) return NONE;
    const routes = await this.#routesOf(height, block);
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(height, routes);
    return routes;
  }

  async #routesOf(height: number, block: Uint8Array): Promise<readonly Route[]> {
    const { transactions } = decodeBlock(block);
    if (!transactions.some((bytes) => bytes[0] === DECLARE_ROUTES)) return NONE;
    const codes = (await this.#store.codes(height)) ?? [];
    return transactions.flatMap((bytes, index) => {
      if (bytes[0] !== DECLARE_ROUTES || codes[index] !== 'OK') return [];
      const body = decodeTransaction(bytes).transaction?.body;
      return body?.kind === 'declare-routes' ? body.routes : [];
    });
  }
}
