// Where the main thread answers what serving threads ask about the ledger (ledger-questions).
//
// Searches in old blocks take turns, proofs have a limit, and of the blocks that were served last a bounded
// number is kept, so that those who follow the changes cost no reads of the disk.

import type { FollowedLedger } from '../ledger/ledger.ts';
import { LedgerError } from '../ledger/ledger-error.ts';
import type { UeId } from '../ledger/number.ts';
import { encodeProof } from '../ledger/proof/proof-codec.ts';
import { encodeStateProof } from '../ledger/proof/state-proof.ts';
import { encodeChanges } from '../ledger/store/change-codec.ts';
import { boundExplanation } from '../wasm/number-index.ts';
import { RUNS_EXPLAINED_MAX } from './explain.ts';
import type {
  AskLedger,
  LedgerAnswer,
  LedgerQuestion,
  LedgerQuestionName,
  ServedBlock,
} from './ledger-questions.ts';
import { readLedger } from './node-reads.ts';
import { provenanceOf, SearchTurns } from './provenance.ts';

/** Blocks that are kept, and the bytes of their changes. */
export const KEPT_BLOCKS_MAX = 256;
export const KEPT_BYTES_MAX = 8 << 20;
/** What one question for changes is answered with at most, but for one block that is larger. */
export const ANSWER_BLOCKS_MAX = 32;
export const ANSWER_BYTES_MAX = 256 << 10;
/** Proofs that are made or wait for their turn; more are refused. */
export const PROOFS_AT_ONCE_MAX = 16;

export class LedgerDesk {
  readonly #ledger: FollowedLedger;
  readonly #lastSequence: (member: string) => number | undefined;
  readonly #turns = new SearchTurns();
  readonly #kept: ServedBlock[] = [];
  #keptBytes = 0;
  #servedHeight: number;
  #proofsAtOnce = 0;

  /** @param lastSequence what `members/{id}` tells of; `undefined` for what is no member */
  constructor(
    ledger: FollowedLedger,
    lastSequence: (member: string) => number | undefined = (member) =>
      ledger.isMember(member) ? ledger.lastSequence(member) : undefined,
  ) {
    this.#ledger = ledger;
    this.#lastSequence = lastSequence;
    this.#servedHeight = ledger.tip.height;
  }

  readonly ask: AskLedger = async (name, question) => {
    const answer = this.#answers[name] as (
      question: LedgerQuestion<LedgerQuestionName>,
    ) => Promise<LedgerAnswer<typeof name>>;
    return answer(question);
  };

  readonly #answers: {
    [Name in LedgerQuestionName]: (question: LedgerQuestion<Name>) => Promise<LedgerAnswer<Name>>;
  } = {
    origins: ({ entries, height }) => this.#origins(entries, height),
    asOf: (question) => this.#asOf(question),
    read: async ({ path }) => this.read(path, new URLSearchParams()),
    proof: async ({ number }) => {
      try {
        return { json: await this.prove(number) };
      } catch (error) {
        if (!isLedgerError(error, 'BCHF_PROOF_UNAVAILABLE')) throw error;
        return { refusal: error.message };
      }
    },
    changes: ({ since }) => this.#changes(since),
  };

  /** What the ledger holds (node-reads); `undefined` where there is no such resource. */
  read(path: readonly string[], query: URLSearchParams) {
    return readLedger(this.#ledger, this.#lastSequence, path, query);
  }

  /**
   * The file of a proof about a number, or of the state without one. Error: BCHF_PROOF_UNAVAILABLE, also
   * where too many are asked for at once: each takes its turn among blocks.
   */
  async prove(number: UeId | undefined): Promise<string> {
    if (this.#proofsAtOnce >= PROOFS_AT_ONCE_MAX) {
      throw new LedgerError('BCHF_PROOF_UNAVAILABLE', 'Too many proofs are asked for.');
    }
    this.#proofsAtOnce++;
    try {
      return number
        ? encodeProof(await this.#ledger.prove(number))
        : encodeStateProof(await this.#ledger.proveState());
    } finally {
      this.#proofsAtOnce--;
    }
  }

  /** A block is visible in every index. */
  blockServed(block: ServedBlock): void {
    this.#servedHeight = block.height;
    this.#kept.push(block);
    this.#keptBytes += block.changes.length;
    while (this.#kept.length > KEPT_BLOCKS_MAX || this.#keptBytes > KEPT_BYTES_MAX) {
      this.#keptBytes -= this.#kept.shift()!.changes.length;
    }
  }

  async #origins(
    entries: LedgerQuestion<'origins'>['entries'],
    height: number,
  ): Promise<LedgerAnswer<'origins'>> {
    const found = await this.#turns
      .take((signal) => this.#ledger.entryOrigins(entries, height, signal))
      .catch(() => undefined);
    return entries.map((_, at) => provenanceOf(found?.[at]));
  }

  async #asOf({
    number,
    height,
    known,
    explain,
  }: LedgerQuestion<'asOf'>): Promise<LedgerAnswer<'asOf'>> {
    const { identity } = number;
    try {
      const history = await this.#turns.take((signal) =>
        this.#ledger.entriesAsOf(number, height, known, signal),
      );
      if (!history) return { refusal: 'congestion' };
      if (!explain) return { history, origins: [] };
      const { entries } = boundExplanation(history.entries, RUNS_EXPLAINED_MAX);
      const names = entries.map(({ entry, from, to }) => ({ identity, entry, from, to }));
      return { history, origins: await this.#origins(names, height) };
    } catch (error) {
      if (isLedgerError(error, 'BCHF_STORE_PRUNED')) return { refusal: 'not-kept' };
      if ((error as Error).name === 'TimeoutError') return { refusal: 'congestion' };
      throw error;
    }
  }

  async #changes(since: number): Promise<LedgerAnswer<'changes'>> {
    const first = this.#kept.findIndex(({ height }) => height === since + 1);
    if (first >= 0) return { blocks: partOf(this.#kept.slice(first, first + ANSWER_BLOCKS_MAX)) };
    const blocks: ServedBlock[] = [];
    let bytes = 0;
    try {
      for await (const { changes, ...block } of this.#ledger.changesSince(since)) {
        // A block on the disk whose entries nobody can see yet is told of later.
        if (block.height > this.#servedHeight) break;
        const routes = await this.#ledger.routesChangedAt(block.height);
        const encoded = encodeChanges(changes);
        blocks.push({ ...block, changes: encoded, routes });
        bytes += encoded.length;
        if (blocks.length >= ANSWER_BLOCKS_MAX || bytes > ANSWER_BYTES_MAX) break;
      }
    } catch (error) {
      if (isLedgerError(error, 'BCHF_STORE_PRUNED')) return { refusal: 'not-kept' };
      throw error;
    }
    return { blocks };
  }
}

/** As many of the first blocks as one answer takes, at least one. */
function partOf(blocks: readonly ServedBlock[]): ServedBlock[] {
  let bytes = 0;
  const end = blocks.findIndex(({ changes }) => {
    bytes += changes.length;
    return bytes > ANSWER_BYTES_MAX;
  });
  return blocks.slice(0, end < 0 ? blocks.length : Math.max(1, end));
}

function isLedgerError(error: unknown, code: LedgerError['code']): error is LedgerError {
  return error instanceof LedgerError && error.code === code;
}
