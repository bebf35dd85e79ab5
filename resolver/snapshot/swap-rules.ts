// Which snapshots are swapped in at once, which must be forced, and which are refused whatever is asked.

import { ResolverError } from '../resolver-error.ts';
import type { SnapshotManifest } from './snapshot-format.ts';
import type { SnapshotDiff } from './swap-answers.ts';
import { SwapRefusal } from './swap-types.ts';

/** Error: BCHF_SNAPSHOT_UNSIGNED. @param signers keys as hexadecimal; none for anybody's signature or none */
export function checkSigner({ creator }: SnapshotManifest, signers: readonly string[]): void {
  if (signers.length === 0 || signers.includes(creator ?? '')) return;
  const message = creator ? `it is signed by ${creator}` : 'it is not signed';
  throw new ResolverError('BCHF_SNAPSHOT_UNSIGNED', `the snapshot is refused: ${message}`);
}

/** Why a snapshot must be forced where a file says what is served. */
export function refusalOf(
  manifest: SnapshotManifest,
  diff: SnapshotDiff,
  served: { height: number; chainId: string | undefined },
  changePercentMax: number,
): SwapRefusal | undefined {
  if (manifest.chainId !== served.chainId) {
    const message = `it is of chain ${manifest.chainId ?? 'none'}, served is ${served.chainId ?? 'none'}`;
    return new SwapRefusal('BCHF_SNAPSHOT_WRONG_CHAIN', message, diff);
  }
  if (manifest.height < served.height) {
    const message = `it is of block ${manifest.height}, served is block ${served.height}`;
    return new SwapRefusal('BCHF_SNAPSHOT_OLDER', message, diff);
  }
  const percent = diff.largestShare * 100;
  if (percent <= changePercentMax) return undefined;
  const message = `${percent.toFixed(2)}% of the entries of a kind differ, ${changePercentMax}% may`;
  return new SwapRefusal('BCHF_SNAPSHOT_LARGE_CHANGE', message, diff);
}
