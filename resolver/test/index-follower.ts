// The index of a member in a simulated consortium: kept up to date, saved and restored as a node does
// it, so that a schedule's crashes and late joiners meet snapshots that are old, missing or of blocks
// that the member's ledger has lost.

import assert from 'node:assert/strict';
import pino from 'pino';
import type { CommittedBlock, FollowedLedger } from '../../ledger/ledger.ts';
import { IDENTITIES } from '../../ledger/number.ts';
import type { FollowerFactory } from '../../ledger/sync/test/schedule.ts';
import type { Follower } from '../../ledger/sync/test/simulated-member.ts';
import { contentHash } from '../../wasm/content-hash.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { decodeLabel } from '../freshness.ts';
import { openIndexes } from '../ledger-indexes.ts';
import { applyToIndexes } from '../served-content.ts';
import type { IndexPair } from '../snapshot/snapshot-file.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';

const MEMORY_BYTES_MAX = 32 << 20;
/** How often the end of a process comes before its snapshot is written. */
const UNSAVED_SHARE = 0.5;
const SNAPSHOTS_KEPT = 2;
const log = pino({ level: 'silent' });

class IndexFollower implements Follower {
  readonly #snapshots: SnapshotStore;
  readonly #random: () => number;
  #ledger: FollowedLedger | undefined;
  #indexes: IndexPair | undefined;

  constructor(directory: string, random: () => number) {
    this.#snapshots = new SnapshotStore(directory, log);
    this.#random = random;
  }

  async open(ledger: FollowedLedger): Promise<void> {
    this.#ledger = ledger;
    this.#indexes = await openIndexes(ledger, this.#snapshots, MEMORY_BYTES_MAX, log);
  }

  take(block: CommittedBlock): void {
    applyToIndexes(this.#indexes!, block, block.changes);
  }

  async close(): Promise<void> {
    const ledger = this.#ledger;
    const indexes = this.#indexes;
    this.#ledger = undefined;
    this.#indexes = undefined;
    if (!ledger || !indexes || this.#random() < UNSAVED_SHARE) return;
    const block = { chainId: ledger.chainId, ...decodeLabel(indexes.msisdn.label()) };
    if (block.height === 0) return;
    await this.#snapshots.save({ indexes, routes: ledger.routes(), block }, 0);
    await this.#snapshots.prune(SNAPSHOTS_KEPT);
  }

  /** The hashes of the indexes, which are also those of indexes built anew from the ledger's state. */
  content(ledger: FollowedLedger): string {
    const rebuilt = emptyIndexes();
    applyToIndexes(rebuilt, ledger.tip, [...ledger.entries()]);
    const content = hashesOf(this.#indexes!);
    assert.equal(content, hashesOf(rebuilt), 'the index built anew from the state differs');
    assert.deepEqual(
      decodeLabel(this.#indexes!.msisdn.label()),
      decodeLabel(rebuilt.msisdn.label()),
    );
    return content;
  }
}

/** Gives each member of a schedule an index of its own. */
export const indexFollower: FollowerFactory = (directory, random) =>
  new IndexFollower(directory, random);

function emptyIndexes(): IndexPair {
  const memoryBytesMax = MEMORY_BYTES_MAX;
  return { imsi: createWasmIndex({ memoryBytesMax }), msisdn: createWasmIndex({ memoryBytesMax }) };
}

function hashesOf(indexes: IndexPair): string {
  return IDENTITIES.map((identity) =>
    Buffer.from(contentHash(indexes[identity])).toString('hex'),
  ).join(' ');
}
