// Counts the answers of an HTTP load test, whichever client brought them.

import { formatUeId } from '../ledger/number.ts';
import { judgeHttp } from './http-answers.ts';
import type { LoadCounts } from './load-report.ts';
import { createLoadCounts, EXAMPLES_MAX } from './load-report.ts';
import type { PooledNumber } from './number-source.ts';

export interface HttpTally {
  counts: LoadCounts;
  examples: string[];
  /** Judges one response. */
  answer(number: PooledNumber, status: number, body: string): void;
}

export function createHttpTally(): HttpTally {
  const counts = createLoadCounts();
  const examples: string[] = [];
  return {
    counts,
    examples,
    answer(number, status, body) {
      counts.answered++;
      counts.responses++;
      const judged = judgeHttp(number, status, body);
      if (judged.verdict === 'right') return;
      if (judged.verdict === 'wrong') counts.wrong++;
      else counts.errors++;
      if (examples.length < EXAMPLES_MAX) {
        const { expected } = number;
        const wanted = expected ? `${expected.entry} to route ${expected.route}` : 'not found';
        examples.push(`${formatUeId(number)}: ${judged.got}, not ${wanted}`);
      }
    },
  };
}
