// The limits of a forwarder: questions under way, and questions that are put to two at a time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AskedUpstream, Forwarder, UNDER_WAY_MAX } from '../forwarder.ts';
import type { UpstreamRequest, UpstreamResult } from '../upstream.ts';

const QUESTION: UpstreamRequest = {
  method: 'GET',
  path: '/',
  headers: {},
  body: undefined,
  answerBytesMax: 1,
  judge: () => 'pass',
};
const ANSWERED: UpstreamResult = {
  outcome: 'answered',
  answer: { status: 200, contentType: '', body: new Uint8Array(0), headers: {} },
};

/** An upstream that answers when it is told to. */
function upstream(): AskedUpstream & { waiting: ((result: UpstreamResult) => void)[] } {
  const waiting: ((result: UpstreamResult) => void)[] = [];
  return {
    waiting,
    isUp: true,
    ask: () => new Promise((resolve) => waiting.push(resolve)),
    outrun() {},
  };
}

describe('a forwarder under load', () => {
  it('has so many questions under way and refuses the next, until one is answered', async () => {
    const only = upstream();
    const forwarder = new Forwarder({ upstreams: [only], timeoutMs: 60_000, hedgeMs: 60_000 });
    const asked = Array.from({ length: UNDER_WAY_MAX }, () => forwarder.ask(QUESTION));
    assert.equal(await forwarder.ask(QUESTION), 'busy');
    only.waiting.pop()!(ANSWERED);
    await asked.at(-1);
    const one = forwarder.ask(QUESTION);
    for (const answer of only.waiting.splice(0)) answer(ANSWERED);
    assert.notEqual(await one, 'busy');
    await Promise.all(asked);
  });

  it('puts no more than a tenth of the questions to two at a time, beyond what is saved up', async () => {
    const [slow, second] = [upstream(), upstream()];
    const forwarder = new Forwarder({ upstreams: [slow, second], timeoutMs: 60_000, hedgeMs: 1 });
    const asked = Array.from({ length: 500 }, () => forwarder.ask(QUESTION));
    // Hedges that are made are answered; the questions that may not be hedged wait for the slow one.
    let answered = 0;
    for (let idle = 0; idle < 20; idle++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const answer of second.waiting.splice(0)) {
        answer(ANSWERED);
        answered++;
        idle = 0;
      }
    }
    assert.equal(answered, forwarder.hedgeCount);
    assert.equal(forwarder.hedgeCount, 50);
    for (const answer of slow.waiting.splice(0)) answer(ANSWERED);
    await Promise.all(asked);
    assert.equal(forwarder.failoverCount, 0);
  });
});
