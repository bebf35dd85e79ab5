// One question to several upstreams, until one has an answer.
//
//     first choice ──────── hedge after ────▶ second choice as well ─────▶ …
//          │ failed                                  │ failed
//          └──────────▶ next at once                 └──────────▶ next at once
//
// The first answer that is one goes back, and whoever else is still asked is left. Every upstream is
// asked once at most. Questions that are put to two at a time (hedges) are limited to a share of all, so
// that slow upstreams are not made slower by twice the load; next choices after a failure are not, because
// there are only as many as upstreams.

import type { Upstream, UpstreamAnswer, UpstreamRequest } from './upstream.ts';

/** Hedges that each question earns, and most that are saved up. */
const HEDGE_SHARE = 0.1;
const HEDGES_SAVED_MAX = 50;
export const UNDER_WAY_MAX = 1024;

/** What is needed of an upstream. */
export type AskedUpstream = Pick<Upstream, 'isUp' | 'ask' | 'outrun'>;

export interface ForwarderOptions {
  /** In the order in which they are asked. */
  upstreams: readonly AskedUpstream[];
  /** Until there is no answer. */
  timeoutMs: number;
  /** After which the second choice is asked as well. */
  hedgeMs: number;
}

/** Why there is no answer. */
export type ForwardFailure = 'unanswered' | 'timed-out' | 'busy';

export class Forwarder {
  readonly #options: ForwarderOptions;
  #hedgesSaved = HEDGES_SAVED_MAX;
  #underWay = 0;
  hedgeCount = 0;
  failoverCount = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  /** The first answer, or why there is none; never rejects. */
  async ask(request: UpstreamRequest): Promise<UpstreamAnswer | ForwardFailure> {
    if (this.#underWay >= UNDER_WAY_MAX) return 'busy';
    this.#underWay++;
    this.#hedgesSaved = Math.min(HEDGES_SAVED_MAX, this.#hedgesSaved + HEDGE_SHARE);
    try {
      return await this.#race(request);
    } finally {
      this.#underWay--;
    }
  }

  #race(request: UpstreamRequest): Promise<UpstreamAnswer | ForwardFailure> {
    const { upstreams, timeoutMs, hedgeMs } = this.#options;
    // Those that are down come last, not never: they may be all there are.
    const left = [
      ...upstreams.filter(({ isUp }) => isUp),
      ...upstreams.filter(({ isUp }) => !isUp),
    ];
    const leaving = new AbortController();
    /** In the order in which they were asked. */
    let asked: AskedUpstream[] = [];
    /** What goes back where nobody does better. */
    let last: UpstreamAnswer | ForwardFailure = 'unanswered';
    return new Promise((resolve) => {
      const finish = (result: UpstreamAnswer | ForwardFailure) => {
        clearTimeout(timing);
        clearTimeout(hedging);
        resolve(result);
        leaving.abort();
      };
      const timing = setTimeout(() => {
        clearTimeout(hedging);
        resolve('timed-out');
        leaving.abort(new DOMException('no answer in time', 'TimeoutError'));
      }, timeoutMs);
      const askNext = () => {
        const upstream = left.shift();
        if (!upstream) return;
        asked.push(upstream);
        upstream.ask(request, leaving.signal).then((result) => {
          const before = asked.slice(0, asked.indexOf(upstream));
          asked = asked.filter((one) => one !== upstream);
          if (leaving.signal.aborted) return;
          if (result.outcome === 'answered') {
            for (const slow of before) slow.outrun();
            finish(result.answer);
            return;
          }
          if ('answer' in result) last = result.answer;
          if (left.length > 0) {
            this.failoverCount++;
            askNext();
          } else if (asked.length === 0) finish(last);
        });
      };
      const hedging = setTimeout(() => {
        if (left.length === 0 || this.#hedgesSaved < 1) return;
        this.#hedgesSaved--;
        this.hedgeCount++;
        askNext();
      }, hedgeMs);
      askNext();
    });
  }
}
