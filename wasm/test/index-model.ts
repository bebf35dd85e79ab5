// The model test: random batches given to an index and to an oracle, and every question asked to both
// after each. A failure names what repeats it (seed, shape) and the changes that touch the key.

import { type EntryKind, type IndexChange, IndexError, type NumberIndex } from '../number-index.ts';
import { BATCH_CHANGES_MAX, ChangeSource, type ModelChange } from './model-changes.ts';
import { compareAnswers, compareEntries, KeyFault } from './model-comparison.ts';
import { MODEL_SHAPES, type ModelShape } from './model-shapes.ts';
import { Random } from './random.ts';

export interface ModelSubject {
  /** Makes an empty index to be tested. */
  create(): NumberIndex;
  /** Makes the empty index that is believed. */
  createOracle(): NumberIndex;
  /** Takes an image of the index and loads it into another; left out where there are no images. */
  reload?(index: NumberIndex): NumberIndex;
  /** Kinds of entries that may say where the user data lies; USER_DATA_OF if not given. */
  userDataOf?: readonly EntryKind[];
  /** Most changes in one batch, and to begin with, where the oracle is too slow for more. */
  changesMax?: number;
}

/** Of `fragmented` and `ported` those that carry user data, once IndexChange.userData is there. */
const USER_DATA_OF: readonly EntryKind[] = ['fragmented', 'ported'];
const CHANGES_SHOWN = 12;

/**
 * Applies the initial entries of the shape, then batches until both were given `operations` changes
 * more. Throws an Error that says how to see
 * the same again.
 */
export function runModel(
  subject: ModelSubject,
  shape: ModelShape,
  seed: number,
  operations: number,
): void {
  const model = new Model(subject, shape, seed);
  try {
    model.run(operations);
  } catch (error) {
    throw new Error(model.describeFailure(error), { cause: error });
  }
}

class Model {
  readonly #subject: ModelSubject;
  readonly #shape: ModelShape;
  readonly #seed: number;
  readonly #random: Random;
  readonly #key: () => number;
  readonly #source: ChangeSource;
  readonly #oracle: NumberIndex;
  #index: NumberIndex;
  #batch = 0;
  #operations = 0;
  #changes: readonly ModelChange[] = [];

  constructor(subject: ModelSubject, shape: ModelShape, seed: number) {
    this.#subject = subject;
    this.#shape = shape;
    this.#seed = seed;
    // Shapes that lay nothing out would otherwise all have as many routes and runs as wide.
    this.#random = new Random(seed + MODEL_SHAPES.indexOf(shape));
    const layout = shape.lay(this.#random);
    this.#key = () => layout.key();
    this.#source = new ChangeSource(this.#random, layout, {
      userDataOf: USER_DATA_OF,
      ...subject,
    });
    this.#oracle = subject.createOracle();
    this.#index = subject.create();
  }

  run(operations: number): void {
    for (const changes of this.#source.initial()) this.#step(changes);
    this.#operations = 0;
    while (this.#operations < operations) {
      this.#step(this.#source.batch());
      if (this.#random.chance(0.02)) compareEntries(this.#index, this.#oracle);
      if (this.#random.chance(0.01)) this.#reload();
      if (this.#random.chance(0.003)) this.#clear();
    }
    this.#reload();
    compareEntries(this.#index, this.#oracle);
  }

  #step(changes: readonly ModelChange[]): void {
    this.#batch++;
    this.#operations += changes.length;
    this.#changes = changes;
    const label = Uint8Array.of(this.#batch & 255, (this.#batch >> 8) & 255);
    const outcome = outcomeOf(this.#index, changes, label);
    const expected = outcomeOf(this.#oracle, changes, label);
    if (outcome !== expected) throw new Error(`apply ends with ${outcome}, not ${expected}`);
    compareAnswers(this.#index, this.#oracle, changes, this.#random, this.#key);
    // What was refused for one run is given again without runs, or too little would ever get in.
    if (expected !== 'applied') this.#step(changes.filter(({ entry }) => entry !== 'fragmented'));
  }

  /** Goes on with the loaded image, or with the index that it was taken from. */
  #reload(): void {
    const loaded = this.#subject.reload?.(this.#index);
    if (loaded === undefined) return;
    compareEntries(loaded, this.#oracle);
    compareAnswers(loaded, this.#oracle, this.#changes, this.#random, this.#key);
    if (this.#random.chance(0.5)) this.#index = loaded;
  }

  /** Deletes everything, in the order of entries or from behind. */
  #clear(): void {
    const deletions = [...this.#oracle.entries()].map(
      ({ entry, from, to }): IndexChange => ({ entry, from, to, route: null }),
    );
    if (this.#random.chance(0.5)) deletions.reverse();
    for (let at = 0; at < deletions.length; at += BATCH_CHANGES_MAX) {
      this.#step(deletions.slice(at, at + BATCH_CHANGES_MAX));
    }
    for (const kind of ['prefix', 'fragmented', 'ported'] satisfies EntryKind[]) {
      if (this.#index.counts()[kind] !== 0) throw new Error(`${kind} entries stay for good`);
    }
  }

  describeFailure(error: unknown): string {
    const touching = this.#changes.filter(
      ({ from, to }) => !(error instanceof KeyFault) || (from <= error.key && error.key <= to),
    );
    return [
      `${error instanceof Error ? error.message : error}`,
      `  again with: BCHF_TEST_SEED=${this.#seed}`,
      `  shape: ${this.#shape.name}, ${this.#source.routeCount} routes`,
      `  batch ${this.#batch} of ${this.#changes.length} changes, operation ${this.#operations}`,
      `  of these touch the key: ${touching.length}`,
      ...touching.slice(-CHANGES_SHOWN).map((change) => `    ${JSON.stringify(change)}`),
    ].join('\n');
  }
}

/** 'applied', or the code of the refusal. */
function outcomeOf(index: NumberIndex, changes: readonly IndexChange[], label: Uint8Array): string {
  try {
    index.apply(changes, label);
    return 'applied';
  } catch (error) {
    if (error instanceof IndexError) return error.code;
    throw error;
  }
}
