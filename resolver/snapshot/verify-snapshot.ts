// Whether a snapshot is what the chain says: its entries and routes are hashed as the ledger's state
// hashes them, and the roots compared with those that a header's app hash covers.
//
//     commit → header N + 1 → header N: height, hash, time of the snapshot
//                           → app hash → routing hash: every entry of both images
//                                      → root of the routes: every route
//
// No ledger is held and no block executed. Errors tell which of the links is broken.

import { IDENTITIES, type Identity } from '../../ledger/number.ts';
import type { VouchedState } from '../../ledger/proof/state-proof.ts';
import { rootsOf, routingBytes } from '../../ledger/state/commitment.ts';
import { RoutingRoots, routesRoot } from '../../ledger/state/routing-roots.ts';
import { KINDS_IN_ORDER } from '../../wasm/entry-pages.ts';
import type { WasmIndex } from '../../wasm/wasm-index.ts';
import { ResolverError } from '../resolver-error.ts';
import type { SnapshotContent } from './snapshot-file.ts';

/**
 * Checks a loaded snapshot against a state that a chain vouches for. Error: BCHF_SNAPSHOT_UNPROVEN
 * where the snapshot is of another block, or holds anything else than the state does.
 */
export function verifySnapshot(content: SnapshotContent, vouched: VouchedState): void {
  const { block, indexes, routes } = content;
  const isOfBlock =
    block.chainId === vouched.chainId &&
    block.height === vouched.height &&
    block.timeMs === vouched.timeMs &&
    Buffer.compare(block.blockHash, vouched.blockHash) === 0;
  if (!isOfBlock) throw unproven(`it is not of block ${vouched.height} of ${vouched.chainId}`);
  const roots = rootsOf({ state: vouched.state, routing: routingOfIndexes(indexes) });
  if (!roots) throw unproven('its entries are not those of the state');
  if (Buffer.compare(routesRoot(routes), roots.get('routes')!) !== 0) {
    throw unproven('its routes are not those of the state');
  }
}

/**
 * What the routing hash is the sha-256 of, from the indexes alone. Error: BCHF_SNAPSHOT_UNPROVEN where
 * they hold what no ledger does.
 */
export function routingOfIndexes(indexes: Record<Identity, WasmIndex>): Uint8Array {
  const roots = new RoutingRoots();
  for (const identity of IDENTITIES) {
    for (const kind of KINDS_IN_ORDER) {
      for (const page of indexes[identity].entryPages(kind)) {
        if (page.userData?.subarray(0, page.count).some((index) => !Number.isNaN(index))) {
          throw unproven('it has indexes of user data, of which the state says nothing');
        }
        try {
          roots.add(identity, kind, page);
        } catch (cause) {
          throw unproven((cause as Error).message, cause);
        }
      }
    }
  }
  return routingBytes(roots.roots());
}

function unproven(reason: string, cause?: unknown): ResolverError {
  return new ResolverError('BCHF_SNAPSHOT_UNPROVEN', `the snapshot is not proven: ${reason}`, {
    cause,
  });
}
