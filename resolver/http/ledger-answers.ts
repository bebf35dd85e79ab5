// Answers of the HTTP interface that need the ledger: what they are where none is followed, or where it
// has too much to do.

import { LedgerBusy } from '../ledger-questions.ts';
import type { TextAnswer } from './http-answer.ts';
import { problem } from './problem.ts';

/** 501: this process serves a snapshot and has no ledger to ask. */
export function noLedger(): TextAnswer {
  return problem(501, 'LEDGER_NOT_FOLLOWED', 'This resolver serves a snapshot, not a ledger.');
}

/** 503 with the cause and the wait of TS 29.500 clause 6.4. */
export function congestion(detail: string): TextAnswer {
  return problem(503, 'NF_CONGESTION', detail, {}, [['retry-after', '1']]);
}

/** 410: what a block of this height had is not kept any more. */
export function notKept(detail: string): TextAnswer {
  return problem(410, 'HEIGHT_NOT_KEPT', detail);
}

/** What comes of the ledger's answer, or 503 where too many others wait for theirs. */
export async function answerAsked<Asked, Answer>(
  asked: Promise<Asked>,
  answer: (asked: Asked) => Answer,
): Promise<Answer | TextAnswer> {
  try {
    return answer(await asked);
  } catch (error) {
    if (!(error instanceof LedgerBusy)) throw error;
    return congestion('Too many questions wait for the ledger.');
  }
}
