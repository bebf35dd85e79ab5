// The prover: from a state's hash trees and rows to the evidence for one number.

import { encodeCommit, encodeHeader } from '../block/block-codec.ts';
import type { Commit, Header } from '../block/types.ts';
import { formatUeId, type UeId } from '../number.ts';
import { sha256 } from '../sha256.ts';
import { type ReadableCommitment, rootsOf } from '../state/commitment.ts';
import { leafBytes } from '../state/hash-tree.ts';
import { TABLES, type Table } from '../state/tables.ts';
import { searchNumber } from './number-claim.ts';
import type { Proof } from './proof-codec.ts';
import { nameOf, type Place, readTreeItem, type TreeItem } from './tree-search.ts';

/** A state as a prover reads it. Both are of the same height and do not change meanwhile. */
export interface ProvenState {
  commitment: ReadableCommitment;
  row(table: Table, id: number): Promise<Uint8Array | undefined>;
}

/**
 * Proves what a state says about a number. `header` is that of the height after the state, `commit`
 * proves it.
 *
 * Throws a `RangeError` where the header does not have the state's app hash, or rows are missing.
 */
export async function proveNumber(
  ueId: UeId,
  { commitment, row }: ProvenState,
  header: Header,
  commit: Commit,
): Promise<Proof> {
  const bytes = commitment.bytes();
  const roots = rootsOf(bytes)!;
  if (Buffer.compare(sha256(bytes.state), header.appHash) !== 0) {
    throw new RangeError('the header is not the one after this state');
  }
  const state = [bytes.state, bytes.routing];
  const opened = new Map<string, TreeItem>();
  const search = searchNumber(ueId, roots);
  let step = search.next();
  while (!step.done) {
    const place = step.value;
    const name = nameOf(place);
    let item = opened.get(name);
    if (!item) {
      const found = await bytesAt(place, commitment, row);
      item = readTreeItem(found, place)!;
      opened.set(name, item);
      state.push(found);
    }
    step = search.next(item);
  }
  return {
    number: formatUeId(ueId),
    header: encodeHeader(header),
    commit: encodeCommit(commit),
    state,
    claim: step.value,
  };
}

async function bytesAt(
  { table, level, prefix }: Place,
  commitment: ReadableCommitment,
  row: ProvenState['row'],
): Promise<Uint8Array> {
  const found = commitment.tree(table).at(level, prefix);
  if (found && 'node' in found) return found.node;
  const bytes = found && (await row(table, found.leaf));
  if (!bytes) throw new RangeError(`no row below ${prefix} of ${table}`);
  return leafBytes(TABLES.indexOf(table), found.leaf, bytes);
}
