// A chain of blocks in memory, made by an engine with four validators: what a follower receives.

import { encodeCommit } from '../block/block-codec.ts';
import { resultsHash } from '../block/hashes.ts';
import { millisecondsOf } from '../block/types.ts';
import { ValidatorSet } from '../block/validator-set.ts';
import { EmbeddedEngine, type Parent } from '../engine/embedded-engine.ts';
import { LedgerState } from '../state/state.ts';
import { checkNow, executeBlock, receive } from '../state/state-machine.ts';
import type { Row } from '../state/tables.ts';
import type { ProvenBlock } from '../sync/verify-block.ts';
import type { TransactionBody } from '../transaction-body.ts';
import { numberOfCode, type TransactionCode } from '../transaction-code.ts';
import { authorityPublicKey, chainId, Signer } from './consortium.ts';

const TIME_MS = 1_700_000_000_000;

/** One block as it is stored and travels. */
export interface ChainBlock {
  height: number;
  block: Uint8Array;
  commit: Uint8Array;
  codes: TransactionCode[];
  proven: ProvenBlock;
  /** State commitment after it. */
  appHash: Uint8Array;
}

export class SignedChain {
  readonly signer = new Signer();
  readonly state = LedgerState.genesis(authorityPublicKey);
  readonly engine = new EmbeddedEngine(
    chainId,
    [1, 2, 3, 4].map((byte) => ({ seed: Buffer.alloc(32, byte), power: 5 })),
    () => TIME_MS,
  );
  readonly validators = new ValidatorSet(this.engine.validators());
  readonly blocks: ChainBlock[] = [];
  #parent: Parent;

  constructor() {
    this.#keep(this.state.takeChangedRows());
    this.#parent = {
      height: 0,
      timeMs: 0,
      appHash: this.state.appHash(),
      resultsHash: resultsHash([]),
      commit: undefined,
    };
  }

  /** The rows of the state, by table and id, as of the newest block. */
  readonly rows = new Map<string, Row>();

  /** Makes, executes and keeps the next block. */
  block(transactions: readonly (TransactionBody | Uint8Array)[]): ChainBlock {
    const bytes = transactions.map((one) =>
      one instanceof Uint8Array ? one : this.signer.sign(one),
    );
    const proven = this.engine.makeBlock(this.#parent, bytes);
    const { codes, appHash, rows } = executeBlock(
      this.state,
      bytes.map(receive),
      checkNow(chainId),
      millisecondsOf(proven.block.header.time),
    );
    this.#keep(rows);
    const { timeMs, commit } = proven;
    const height = this.blocks.length + 1;
    this.#parent = {
      height,
      timeMs,
      appHash,
      resultsHash: resultsHash(codes.map(numberOfCode)),
      commit,
    };
    const made = {
      height,
      block: proven.encoded,
      commit: encodeCommit(commit),
      codes,
      proven,
      appHash,
    };
    this.blocks.push(made);
    return made;
  }

  #keep(rows: readonly Row[]): void {
    for (const row of rows) {
      const name = `${row.table} ${row.id}`;
      if (row.bytes) this.rows.set(name, { ...row, bytes: Uint8Array.from(row.bytes) });
      else this.rows.delete(name);
    }
  }
}
