// The validators of a test chain: they make blocks of whatever they are told to, without a store, and
// vouch for it.

import { encodeCommit } from '../../block/block-codec.ts';
import { resultsHash } from '../../block/hashes.ts';
import { EmbeddedEngine, type Parent } from '../../engine/embedded-engine.ts';
import type { EncodedBlock } from '../../gossip/message-codec.ts';
import { LedgerState } from '../../state/state.ts';
import { checkNow, executeBlock, receive } from '../../state/state-machine.ts';
import { authorityPublicKey, chainId, foundation, Signer } from '../../test/consortium.ts';
import { numberOfCode } from '../../transaction-code.ts';
import { validatorSeeds } from './simulated-member.ts';

/** A chain of blocks as the validators make them, without a store. */
export class Validators {
  readonly blocks: EncodedBlock[] = [];
  readonly #engine = new EmbeddedEngine(
    chainId,
    validatorSeeds.map((one) => ({ seed: one, power: 10 })),
    () => 1_700_000_000_000 + this.blocks.length * 1_000,
  );
  readonly #state = LedgerState.genesis(authorityPublicKey);
  readonly #signer = new Signer();
  parent: Parent;

  constructor() {
    this.#state.takeChangedRows();
    const appHash = this.#state.appHash();
    const resultsOfNone = resultsHash([]);
    this.parent = { height: 0, timeMs: 0, appHash, resultsHash: resultsOfNone, commit: undefined };
  }

  /** Makes the next block of transactions; the foundation first. */
  make(transactions?: Uint8Array[], change: Partial<Parent> = {}): EncodedBlock {
    const isFirst = this.blocks.length === 0;
    const own = transactions ?? (isFirst ? foundation.map((body) => this.#signer.sign(body)) : []);
    const { encoded, commit, timeMs } = this.#engine.makeBlock({ ...this.parent, ...change }, own);
    const { codes, appHash } = executeBlock(
      this.#state,
      own.map(receive),
      checkNow(chainId),
      timeMs,
    );
    const height = this.parent.height + 1;
    const results = resultsHash(codes.map(numberOfCode));
    this.parent = { height, timeMs, appHash, resultsHash: results, commit };
    const block = { block: encoded, commit: encodeCommit(commit) };
    this.blocks.push(block);
    return block;
  }

  /** What a node that has these blocks serves. */
  source() {
    const blocks = this.blocks;
    return {
      chainId,
      get tip() {
        return { height: blocks.length };
      },
      encodedBlock: async (height: number) => blocks[height - 1],
    };
  }
}
