// Replay: blocks of a chain, from wherever they come, executed again one after the other.
//
//     decode → next of the chain? data, commit → execute → the next header has app hash and results
//
// Whoever replays trusts more than two thirds of the validators and nobody else. Every block's commit,
// data and link are verified, and its own state and results are compared with what the next header says.
// Signatures of transactions were verified by the validators; the results that come with a block say
// which were bad, and a result that is not true shows in the next header. An *audit* verifies every
// signature again, on other threads, some blocks ahead. A bad block ends a replay before it is executed.

import { decodeBlock, decodeCommit } from '../block/block-codec.ts';
import { BlockError } from '../block/block-error.ts';
import { resultsHash } from '../block/hashes.ts';
import { millisecondsOf } from '../block/types.ts';
import { LedgerState } from '../state/state.ts';
import {
  checkNow,
  type Execution,
  executeBlock,
  type ReceivedTransaction,
  receive,
  type SignatureCheck,
} from '../state/state-machine.ts';
import type { Row } from '../state/tables.ts';
import { signingKeys } from '../transaction-body.ts';
import { numberOfCode, type TransactionCode } from '../transaction-code.ts';
import { signBytes } from '../transaction-codec.ts';
import type { ChainTrust } from '../trust-codec.ts';
import type { SignaturePool } from './signature-pool.ts';
import type { BlockFault } from './sync-error.ts';
import { type ChainPosition, chainStart, type ReceivedBlock, verifyBlock } from './verify-block.ts';

/** Blocks whose signatures are checked ahead of the one that is executed. */
const AUDIT_BLOCKS_AHEAD = 4;

/** A block as it is stored and travels. */
export interface EncodedChainBlock {
  block: Uint8Array;
  commit: Uint8Array;
  /** The results that somebody says it has; without them, every signature is checked. */
  codes?: readonly TransactionCode[] | undefined;
}

/** Where a replay stands: the state and the last block. */
export interface ReplayStart {
  state: LedgerState;
  position: ChainPosition;
}

export interface ReplayOptions {
  /** The first height that is verified; those below are the caller's own and only executed. */
  verifyFrom?: number;
  /** Checks every signature of a transaction. */
  audit?: SignaturePool;
}

/** One block that was executed. Rows may be views that the next block overwrites. */
export interface ReplayedBlock extends Execution {
  encoded: EncodedChainBlock;
  received: ReceivedBlock;
  /** The chain behind it. */
  position: ChainPosition;
}

/** A block that is not the next one of the chain; the state is that of the height before. */
export class ReplayError extends Error {
  readonly code: BlockFault;
  /** The height at which the replay ended. */
  readonly lastHeight: number;

  constructor(code: BlockFault, lastHeight: number, cause?: unknown) {
    super(`block ${lastHeight + 1} cannot follow: ${code}`, { cause });
    this.name = 'ReplayError';
    this.code = code;
    this.lastHeight = lastHeight;
  }
}

/** The state before the first block, and its rows. */
export function replayStart({ authorityPublicKey }: ChainTrust): ReplayStart & { rows: Row[] } {
  const state = LedgerState.genesis(authorityPublicKey);
  const rows = state.takeChangedRows();
  return { state, rows, position: chainStart(state.appHash(), resultsHash([])) };
}

/** A block on its way: decoded, its signatures being checked. */
interface PreparedBlock {
  encoded: EncodedChainBlock;
  received: ReceivedBlock;
  transactions: ReceivedTransaction[];
  isSigned: Promise<SignatureCheck>;
}

/**
 * Verifies and executes blocks in order; each is executed when it is asked for. Changes the state it
 * starts with. Error: `ReplayError`, and what `blocks` throws.
 */
export async function* replayBlocks(
  { chainId, validators }: ChainTrust,
  { state, position: start }: ReplayStart,
  blocks: AsyncIterable<EncodedChainBlock> | Iterable<EncodedChainBlock>,
  { verifyFrom = 1, audit }: ReplayOptions = {},
): AsyncGenerator<ReplayedBlock, void> {
  let position = start;
  for await (const prepared of prepareAhead(state, blocks, chainId, audit)) {
    if (prepared instanceof BlockError) {
      throw new ReplayError(prepared.code, position.height, prepared);
    }
    const { encoded, received, transactions } = prepared;
    const { header } = received.block;
    const isVerified = position.height + 1 >= verifyFrom;
    const fault = isVerified
      ? verifyBlock(received, position, { chainId, validators })
      : ownFault(received, position);
    if (fault) throw new ReplayError(fault, position.height);
    const isSigned = await prepared.isSigned;
    const timeMs = millisecondsOf(header.time);
    const execution = executeBlock(state, transactions, isSigned, timeMs);
    position = {
      height: header.height,
      // Compared with the block, or the one that was stored with it.
      blockHash: received.commit.blockId.hash,
      timeMs,
      appHash: execution.appHash,
      resultsHash: resultsHash(execution.codes.map(numberOfCode)),
    };
    yield { ...execution, encoded, received, position };
  }
}

/** What is asked of a block that was verified when it was stored. */
function ownFault(
  { block: { header } }: ReceivedBlock,
  position: ChainPosition,
): BlockFault | undefined {
  if (header.height !== position.height + 1) return 'BCHF_BLOCK_WRONG_HEIGHT';
  if (Buffer.compare(header.appHash, position.appHash) !== 0) return 'BCHF_BLOCK_WRONG_APP_HASH';
  return undefined;
}

async function* prepareAhead(
  state: LedgerState,
  blocks: AsyncIterable<EncodedChainBlock> | Iterable<EncodedChainBlock>,
  chainId: string,
  audit: SignaturePool | undefined,
): AsyncGenerator<PreparedBlock | BlockError, void> {
  const ahead: (PreparedBlock | BlockError)[] = [];
  for await (const encoded of blocks) {
    ahead.push(prepare(state, encoded, chainId, audit));
    if (ahead.length > (audit ? AUDIT_BLOCKS_AHEAD : 0)) yield ahead.shift()!;
  }
  yield* ahead;
}

function prepare(
  state: LedgerState,
  encoded: EncodedChainBlock,
  chainId: string,
  audit: SignaturePool | undefined,
): PreparedBlock | BlockError {
  try {
    const block = decodeBlock(encoded.block);
    const received = { encoded: encoded.block, block, commit: decodeCommit(encoded.commit) };
    const transactions = block.transactions.map(receive);
    const { codes } = encoded;
    let isSigned: Promise<SignatureCheck>;
    if (audit) isSigned = checkAhead(state, transactions, chainId, audit);
    else if (codes) isSigned = Promise.resolve(asToldBy(codes));
    else isSigned = Promise.resolve(checkNow(chainId));
    // Whoever asks for the block sees a failure; until then nobody has to.
    isSigned.catch(() => undefined);
    return { encoded, received, transactions, isSigned };
  } catch (error) {
    if (error instanceof BlockError) return error;
    throw error;
  }
}

/** Signatures are what the results make of them; the next header tells whether these are true. */
function asToldBy(codes: readonly TransactionCode[]): SignatureCheck {
  return (index) => codes[index] !== 'BCHF_TX_BAD_SIGNATURE';
}

/**
 * Checks signatures under the keys that the state holds now. Where another key counts when the
 * transaction is executed, the signature is checked again then.
 */
async function checkAhead(
  state: LedgerState,
  transactions: readonly ReceivedTransaction[],
  chainId: string,
  pool: SignaturePool,
): Promise<SignatureCheck> {
  const records = transactions.flatMap(({ bytes, decoded: { transaction } }, index) => {
    if (!transaction) return [];
    const message = signBytes(bytes, transaction, chainId);
    const keys = signingKeys(transaction.body, (id) => state.memberKey(id));
    return keys.flatMap((publicKey, signer) => {
      if (!publicKey) return [];
      return [{ index, signer, publicKey, message, signature: transaction.signatures[signer]! }];
    });
  });
  const verdicts = await pool.verify(records);
  const ahead = new Map(
    records.map(({ index, signer, publicKey }, at) => [
      `${index} ${signer}`,
      { publicKey, isRight: verdicts[at]! },
    ]),
  );
  const now = checkNow(chainId);
  return (index, signer, publicKey, received) => {
    const checked = ahead.get(`${index} ${signer}`);
    return checked && Buffer.compare(checked.publicKey, publicKey) === 0
      ? checked.isRight
      : now(index, signer, publicKey, received);
  };
}
