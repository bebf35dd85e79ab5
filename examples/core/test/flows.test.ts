// All flows of figures 7, 8 and 9, in the names of every generation: elements as processes, a real
// BCHF, real sockets between them.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Consortium, startConsortium } from '../consortium.ts';
import { Core } from '../core.ts';
import { imsiOf, poolOf, simPlaceOf } from '../country.ts';
import type { Flow } from '../flow.ts';
import { FlowRunner } from '../flow-runner.ts';
import { flowsOf } from '../flows.ts';
import { GENERATIONS } from '../forms.ts';
import { GENERATION } from '../generation.ts';
import type { TraceEvent } from '../trace.ts';

let consortium: Consortium;

before(async () => {
  const { signal } = new AbortController();
  const onFailure = (error: Error) => {
    throw error;
  };
  consortium = (await startConsortium({ signal, onFailure }))!;
});
after(() => consortium?.stop());

describe('the reference core', { concurrency: GENERATIONS.length }, () => {
  for (const generation of GENERATIONS) {
    test(`in ${GENERATION[generation].title} names`, async (context) => {
      const { elements } = GENERATION[generation];
      const events: TraceEvent[] = [];
      const core = await Core.start(generation, (event) => events.push(event));
      try {
        await consortium.commit([...poolOf(generation, core.addresses)]);
        const runner = new FlowRunner(core, consortium, events);
        for (const flow of flowsOf(generation)) {
          await context.test(`figure ${flow.figure}: ${flow.title}`, async () => {
            const played = await runner.play(flow);
            assert.deepEqual(runner.differences(flow, played), []);
            if (flow.foundBy) assert.equal(lastFound(played.events, elements.data), flow.foundBy);
            assert.deepEqual(
              played.received.map(({ imsi }) => imsi),
              reached(flow),
            );
          });
        }
      } finally {
        await core.stop();
      }
    });

    function reached({ act, outcome, registered = [], change }: Flow): string[] {
      if (act.kind === 'register' || outcome !== 'ok') return [];
      const place = change?.kind === 'port' ? simPlaceOf(change.place) : registered.at(-1)!.who;
      return [imsiOf(generation, place as number)];
    }
  }
});

/** How the element that was asked last found the user data. */
function lastFound(events: readonly TraceEvent[], data: string): string | undefined {
  const found = events.flatMap((event) =>
    event.kind === 'note' && event.at.startsWith(data) && event.text.includes(' found ')
      ? [event.text.includes(' at place ') ? 'index' : 'number']
      : [],
  );
  return found.at(-1);
}
