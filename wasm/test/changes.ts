// Short forms for tests: changes of the three kinds, and the answer for one number.

import {
  type IndexChange,
  type IndexReader,
  NOT_FOUND,
  type NumberIndex,
  routeOfAnswer,
} from '../number-index.ts';

export function prefix(key: number, route: number | null): IndexChange {
  return { entry: 'prefix', from: key, to: key, route };
}

export function ported(key: number, route: number | null): IndexChange {
  return { entry: 'ported', from: key, to: key, route };
}

export function run(from: number, to: number, route: number | null): IndexChange {
  return { entry: 'fragmented', from, to, route };
}

export function answerTo(index: IndexReader, key: number): number {
  const answers = new Uint32Array(1);
  index.lookup(Float64Array.of(key), answers, 1);
  return answers[0]!;
}

export function routeFor(index: IndexReader, key: number): number | undefined {
  const answer = answerTo(index, key);
  return answer === NOT_FOUND ? undefined : routeOfAnswer(answer);
}

/** A new index with these changes applied in one batch. */
export function createWith(create: () => NumberIndex, ...changes: IndexChange[]): NumberIndex {
  const index = create();
  index.apply(changes);
  return index;
}
