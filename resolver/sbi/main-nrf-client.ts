// How a thread asks the minimal NRF of the main thread: over its message port, with a bound on what is
// under way and on how long it waits.

import type { HttpAnswer } from '../http/http-answer.ts';
import { problem } from '../http/problem.ts';
import type { SbiRequest } from './sbi-message.ts';

const UNDER_WAY_MAX = 256;
/** The main thread may be applying a block; longer than this nobody should wait for a registration. */
const WAIT_MS_MAX = 5000;

/** Header fields that the minimal NRF goes by: the rest does not cross. */
const HEADERS = [':authority', 'host', 'content-type', 'content-encoding', 'if-none-match'];

export interface MainNrfClient {
  ask(request: SbiRequest): Promise<HttpAnswer>;
  /** The main thread's answer to the question of a number. */
  answered(question: number, answer: HttpAnswer): void;
}

/** @param post sends a question to the main thread */
export function createMainNrfClient(
  post: (question: number, request: SbiRequest) => void,
): MainNrfClient {
  const waiting = new Map<number, (answer: HttpAnswer) => void>();
  let questions = 0;
  return {
    ask(request) {
      if (waiting.size >= UNDER_WAY_MAX) {
        return Promise.resolve(
          problem(503, 'NF_CONGESTION', 'Too many requests wait for the NRF.'),
        );
      }
      const question = questions++;
      return new Promise((resolve) => {
        const giveUp = setTimeout(() => {
          waiting.delete(question);
          resolve(problem(503, 'NF_CONGESTION', 'The NRF did not answer in time.'));
        }, WAIT_MS_MAX);
        waiting.set(question, (answer) => {
          clearTimeout(giveUp);
          resolve(answer);
        });
        const headers = Object.fromEntries(HEADERS.map((name) => [name, request.headers[name]]));
        post(question, { ...request, headers });
      });
    },
    answered(question, answer) {
      waiting.get(question)?.(answer);
      waiting.delete(question);
    },
  };
}
