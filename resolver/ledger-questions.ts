// What serving threads ask about the ledger that the main thread has open.
//
//     serving thread ── ledger-question ──▶ main thread: ledger-desk
//                    ◀─── ledger-answer ───
//
// Plain lookups ask nothing: they are answered from the index. Everything here crosses a message port,
// so it is plain data.

import type { UeId } from '../ledger/number.ts';
import type { KnownEntries, NumberHistory } from '../ledger/store/entry-history.ts';
import type { EntryName } from '../ledger/store/entry-origin.ts';
import type { ReadAnswer } from './node-reads.ts';
import type { Provenance } from './provenance.ts';

/** One block as those see it who follow the changes of the index. */
export interface ServedBlock {
  height: number;
  /** 32 bytes. */
  blockHash: Uint8Array;
  timeMs: number;
  /** Its entry changes, encoded (ledger/store/change-codec). */
  changes: Uint8Array;
  /** The routes that it declared or changed. */
  routes: readonly number[];
}

/** Every question and its answer, by name. */
export interface LedgerQuestions {
  /** What set each of some entries, as of the block at a height. */
  origins: {
    question: { entries: readonly EntryName[]; height: number };
    answer: Provenance[];
  };
  /** What covered a number after an older block, and what set those of it that are explained. */
  asOf: {
    question: { number: UeId; height: number; known: KnownEntries; explain: boolean };
    answer:
      | { history: NumberHistory; origins: Provenance[] }
      | { refusal: 'not-kept' | 'congestion' };
  };
  /** A resource of node-reads. */
  read: { question: { path: readonly string[] }; answer: ReadAnswer | undefined };
  /** The file of a proof about a number. */
  proof: { question: { number: UeId }; answer: { json: string } | { refusal: string } };
  /** Blocks above a height that are served, some at a time; none where there is none yet. */
  changes: {
    question: { since: number };
    answer: { blocks: ServedBlock[] } | { refusal: 'not-kept' };
  };
}

export type LedgerQuestionName = keyof LedgerQuestions;
export type LedgerQuestion<Name extends LedgerQuestionName> = LedgerQuestions[Name]['question'];
export type LedgerAnswer<Name extends LedgerQuestionName> = LedgerQuestions[Name]['answer'];

/** Asks the ledger. Fails where too many questions wait, or where the ledger could not answer. */
export type AskLedger = <Name extends LedgerQuestionName>(
  name: Name,
  question: LedgerQuestion<Name>,
) => Promise<LedgerAnswer<Name>>;

/** A question on its way, and what became of it. */
export interface PostedQuestion {
  id: number;
  name: LedgerQuestionName;
  question: LedgerQuestion<LedgerQuestionName>;
}
export type PostedAnswer = { id: number } & (
  | { answer: LedgerAnswer<LedgerQuestionName> }
  | { fault: string }
);

/** The most questions of one thread that wait for their answers. */
export const QUESTIONS_WAITING_MAX = 1024;

/** Too many questions of this thread wait. */
export class LedgerBusy extends Error {}

/** The questions of a serving thread. */
export class LedgerClient {
  readonly #post: (posted: PostedQuestion) => void;
  readonly #waiting = new Map<number, (posted: PostedAnswer) => void>();
  #lastId = 0;

  constructor(post: (posted: PostedQuestion) => void) {
    this.#post = post;
  }

  readonly ask: AskLedger = <Name extends LedgerQuestionName>(
    name: Name,
    question: LedgerQuestion<Name>,
  ) =>
    new Promise<LedgerAnswer<Name>>((resolve, reject) => {
      if (this.#waiting.size >= QUESTIONS_WAITING_MAX) {
        reject(new LedgerBusy('too many questions wait for the ledger'));
        return;
      }
      const id = ++this.#lastId;
      this.#waiting.set(id, (posted) => {
        if ('fault' in posted) reject(new Error(posted.fault));
        else resolve(posted.answer as LedgerAnswer<Name>);
      });
      this.#post({ id, name, question });
    });

  answered(posted: PostedAnswer): void {
    this.#waiting.get(posted.id)?.(posted);
    this.#waiting.delete(posted.id);
  }
}
