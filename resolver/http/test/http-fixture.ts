// A small index with everything that HTTP answers from, and a ledger of a few blocks that it is asked of.

import type { EntryChange, RouteNumber } from '../../../ledger/entry.ts';
import { ReferenceIndex } from '../../../wasm/reference-index.ts';
import { encodeLabel, NewestBlock } from '../../freshness.ts';
import { NumberResolver } from '../../resolve.ts';
import { RouteTable } from '../../route-table.ts';
import { exampleRoute } from '../../test/example-route.ts';
import { resolveBatch } from '../batch-answer.ts';
import type { HttpServices } from '../http-router.ts';

export const CONTRACT = `0x${'0'.repeat(40)}`;
export const routes = [
  exampleRoute('a', { userDataIndexBase: 500 }),
  exampleRoute('b', { contractAddress: CONTRACT }),
];

export function change(
  entry: EntryChange['entry'],
  from: string,
  route: RouteNumber | null,
  to = from,
): EntryChange {
  return { identity: 'msisdn', entry, from: Number(`1${from}`), to: Number(`1${to}`), route };
}

export const CONTENT: EntryChange[] = [
  change('prefix', '35850', 1),
  change('fragmented', '358501234500', 0, '358501234599'),
  change('ported', '358501234567', 1),
  change('ported', '358501239999', 0),
];

/** An index of the content at a height, with what serves it. */
export class SmallIndex {
  readonly msisdn = new ReferenceIndex();
  readonly imsi = new ReferenceIndex();
  readonly routes = new RouteTable();
  readonly resolver: NumberResolver;
  height = 0;

  constructor() {
    this.routes.apply({ version: 1, routes: routes.map((route, number) => ({ number, route })) });
    const readers = { imsi: this.imsi, msisdn: this.msisdn };
    this.resolver = new NumberResolver(readers, this.routes, new NewestBlock(), () => 0);
    this.apply(CONTENT);
  }

  apply(changes: readonly EntryChange[]): void {
    const label = encodeLabel({
      ...{ height: ++this.height, blockHash: hashOf(this.height), timeMs: 1_000 * this.height },
    });
    this.msisdn.apply(changes, label);
    this.imsi.apply([], label);
  }

  services(more: Partial<HttpServices> = {}): HttpServices {
    return {
      resolver: this.resolver,
      routes: this.routes,
      metrics: async () => 'metric 1\n',
      longBatches: (question) => Promise.resolve(resolveBatch(question, this.resolver)),
      ...more,
    };
  }
}

/** The hash of the block at a height, as far as tests care. */
export function hashOf(height: number): Uint8Array {
  return new Uint8Array(32).fill(height);
}
