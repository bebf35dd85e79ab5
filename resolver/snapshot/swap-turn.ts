// One swap, rollback or comparison at a time; whoever comes second is told so at once.

import { ResolverError } from '../resolver-error.ts';
import type { SwapHost, SwapState } from './swap-types.ts';

export class SwapTurn {
  readonly #host: Pick<SwapHost, 'log' | 'now'>;
  #state: SwapState | null = null;
  #underWay: Promise<unknown> = Promise.resolve();
  /** Those that ended with an error. */
  refusals = 0;

  constructor(host: Pick<SwapHost, 'log' | 'now'>) {
    this.#host = host;
  }

  /** What is under way. */
  get state(): SwapState | null {
    return this.#state;
  }

  enter(state: SwapState['state']): void {
    if (this.#state) this.#state = { ...this.#state, state };
  }

  /** Errors: BCHF_SWAP_IN_PROGRESS, and those of the action. */
  async take<Result>(
    file: string,
    state: SwapState['state'],
    action: () => Promise<Result>,
  ): Promise<Result> {
    this.checkFree();
    this.#state = { state, file, since: new Date(this.#host.now()).toISOString() };
    const done = action();
    this.#underWay = done;
    try {
      return await done;
    } catch (error) {
      this.refusals++;
      this.#host.log.warn({ file, err: error }, 'snapshot refused');
      throw error;
    } finally {
      this.#state = null;
    }
  }

  /** Throws BCHF_SWAP_IN_PROGRESS while something is under way. */
  checkFree(): void {
    if (!this.#state) return;
    const { file, state } = this.#state;
    const message = `${file} is being swapped in or compared (${state})`;
    throw new ResolverError('BCHF_SWAP_IN_PROGRESS', message);
  }

  /** Resolves when nothing is under way. */
  ended(): Promise<unknown> {
    return this.#underWay.catch(() => {});
  }
}
