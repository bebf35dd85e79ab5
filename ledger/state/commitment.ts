// The state commitment: one hash over everything the ledger holds, the app hash of CometBFT.
//
//                         app hash
//        ┌─────────┬──────────┼──────────┬───────────┬───────────────┐
//     members  sequences   routes    free imsi  free msisdn  …    routing
//                                                                   │
//              prefixes, runs, ported, transferred of imsi and of msisdn
//
//     inner: sha-256(0x02 ‖ label ‖ 0x00 ‖ the hashes below it, 32 bytes each, in this order)
//
// The roots below are those of the tables (hash-tree). The *routing* hash covers exactly what the
// index holds, so that it can be recomputed from an index alone.

import { sha256 } from '../sha256.ts';
import { HashTree } from './hash-tree.ts';
import { type Row, TABLES, type Table } from './tables.ts';

const ROUTING_TABLES: readonly Table[] = [
  'prefixes imsi',
  'prefixes msisdn',
  'runs imsi',
  'runs msisdn',
  'ported imsi',
  'ported msisdn',
  'transferred imsi',
  'transferred msisdn',
];
const OTHER_TABLES: readonly Table[] = [
  'members',
  'sequences',
  'routes',
  'free imsi',
  'free msisdn',
  'priced imsi',
  'priced msisdn',
  'balances',
  'totals',
  'pricing contracts',
  'occupations',
  'roaming contracts',
  'roaming tallies',
  'terminal keys imsi',
  'terminal keys msisdn',
  'departures',
  'parameters',
];

export class Commitment {
  readonly #trees = new Map<Table, HashTree>(
    TABLES.map((table, byte) => [table, new HashTree(byte)]),
  );

  /** Takes a changed row into account. */
  set({ table, id, bytes }: Row): void {
    this.#trees.get(table)!.set(id, bytes);
  }

  /** The hash over the whole state. 32 bytes. */
  appHash(): Uint8Array {
    return this.#inner('state', OTHER_TABLES, this.#inner('routing', ROUTING_TABLES));
  }

  #inner(label: string, tables: readonly Table[], ...more: Uint8Array[]): Uint8Array {
    const roots = tables.map((table) => this.#trees.get(table)!.root());
    const head = Buffer.from(`\x02${label}\0`, 'latin1');
    return sha256(Buffer.concat([head, ...roots, ...more]));
  }
}
