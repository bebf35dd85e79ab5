import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { judgeHttp, pathOf } from '../http-answers.ts';
import { runHttpClosedLoad } from '../http-closed-load.ts';
import { runHttpOpenLoad } from '../http-open-load.ts';
import type { LoadOptions } from '../load-options.ts';
import { createReport, exitCodeOf } from '../load-report.ts';
import { RatePlan } from '../rate-plan.ts';
import type { HttpAnswer, Server } from './load-fixtures.ts';
import { optionsOf, serveHttp, stall } from './load-fixtures.ts';

const servers: Server[] = [];
after(async () => {
  for (const server of servers) await server.close();
});

type Change = Parameters<typeof serveHttp>[0];

async function serve(change: Change): Promise<number> {
  const server = await serveHttp(change);
  servers.push(server);
  return server.port;
}

async function closedReportOf(change: Change, lookups: number, pipelining = 1) {
  const options = { ...optionsOf(await serve(change), lookups), pipelining };
  return createReport(await runHttpClosedLoad(options));
}

async function openReportOf(change: Change, lookups: number, changes: Partial<LoadOptions> = {}) {
  const options = { ...optionsOf(await serve(change), lookups), ...changes };
  return createReport(await runHttpOpenLoad({ ...options, plan: RatePlan.constant(2000, 10_000) }));
}

/** Changes the tenth answer only. */
const tenth =
  (change: (answer: HttpAnswer) => ReturnType<NonNullable<Change>>): Change =>
  (answer, count) =>
    count === 10 ? change(answer) : answer;

const renamed = tenth(({ status, body }) => ({
  status: status === 404 ? 200 : status,
  body: body.replace('udm-', 'hss-'),
}));

for (const [name, reportOf] of [
  ['closed', closedReportOf],
  ['open', openReportOf],
] as const) {
  describe(`the HTTP load test in ${name} loop`, () => {
    test('verifies every answer of a right server', async () => {
      const report = await reportOf(undefined, 400);
      const { sent, answered, wrong, lost, errors } = report.counts;
      assert.deepEqual(report.examples, []);
      assert.deepEqual([sent, answered, wrong, lost, errors], [400, 400, 0, 0, 0]);
      assert.equal(report.verdict, 'ok');
      assert.equal(exitCodeOf(report), 0);
      assert.ok(report.latencyUs.p50 > 0 && report.latencyUs.p50 <= report.latencyUs.max);
    });

    test('another route is a wrong answer', async () => {
      const report = await reportOf(renamed, 200);
      assert.equal(report.counts.wrong, 1);
      assert.equal(exitCodeOf(report), 3);
      assert.equal(report.examples.length, 1);
    });

    test('a failure of the server is an error', async () => {
      const failing = tenth(() => ({ status: 503, body: '' }));
      const report = await reportOf(failing, 200);
      assert.equal(report.counts.errors, 1);
      assert.equal(report.counts.wrong, 0);
      assert.equal(exitCodeOf(report), 4);
    });

    test('a broken connection is a loss, and the answers after it stay right', async () => {
      const report = await reportOf(
        tenth(() => 'break'),
        200,
      );
      assert.equal(report.counts.lost, 1);
      assert.equal(report.counts.wrong, 0);
      assert.equal(exitCodeOf(report), 4);
    });

    test('a request that is never answered is a loss', async () => {
      const report = await reportOf(
        tenth(() => 'hang'),
        200,
      );
      assert.equal(report.counts.lost, 1);
      assert.equal(report.counts.wrong, 0);
      assert.equal(exitCodeOf(report), 4);
    });
  });
}

describe('the HTTP load test', () => {
  test('pipelined answers are matched with their requests', async () => {
    const report = await closedReportOf(undefined, 400, 4);
    const { sent, answered, wrong, unfinished, lost } = report.counts;
    assert.equal(wrong, 0);
    assert.equal(lost, 0);
    assert.equal(sent, answered + unfinished);
    // A connection ends with its last request sent: what is behind in its pipeline is given up.
    assert.ok(unfinished <= 2 * 3);
  });

  test('an open loop leaves unsent what is due while too much is under way', async () => {
    const report = await openReportOf(() => 'hang', 100, { underWayMax: 5, timeoutMs: 200 });
    assert.equal(report.counts.lost, 10);
    assert.equal(report.counts.unsent, 90);
    assert.ok(!report.generator.isBottleneck, 'nobody answered');
  });

  test('a stall shows in the latency of all that was due meanwhile, in an open loop', async () => {
    const stalling = (answer: HttpAnswer, count: number) => {
      if (count === 100) stall(300);
      return answer;
    };
    const report = await openReportOf(stalling, 1000, { timeoutMs: 10_000 });
    assert.equal(report.counts.answered, 1000);
    assert.ok(report.latencyUs.p90 > 100_000);
  });

  test('an open loop reads no endless body', async () => {
    const endless = tenth(() => ({ status: 200, body: ' '.repeat(100_000) }));
    const report = await openReportOf(endless, 100);
    assert.equal(report.counts.lost, 1);
    assert.equal(report.counts.answered, 99);
  });

  test('a port where nobody listens ends with nothing answered', async () => {
    // tcpmux (RFC 1078): one that was closed just now might be another process's by now.
    const port = 1;
    for (const load of [runHttpClosedLoad, runHttpOpenLoad]) {
      const options = {
        ...optionsOf(port, 50),
        pipelining: 1,
        plan: RatePlan.constant(2000, 10_000),
      };
      const report = createReport(await load(options));
      assert.equal(report.counts.answered, 0);
      assert.ok(report.counts.transportErrors > 0);
      assert.equal(exitCodeOf(report), 4);
    }
  });

  test('an interruption ends the run with what was measured', async () => {
    for (const load of [runHttpClosedLoad, runHttpOpenLoad]) {
      const interruption = new AbortController();
      const port = await serve((answer, count) => {
        if (count === 100) interruption.abort();
        return answer;
      });
      const options = {
        ...optionsOf(port, 1000),
        lookupsMax: Number.POSITIVE_INFINITY,
        pipelining: 1,
        plan: RatePlan.constant(2000, 10_000),
        signal: interruption.signal,
      };
      const report = createReport(await load(options));
      assert.ok(report.isInterrupted);
      assert.ok(report.counts.answered > 0);
      assert.equal(report.verdict, 'ok');
    }
  });
});

describe('the check of an HTTP answer', () => {
  const ported = {
    identity: 'msisdn' as const,
    key: 18613912345678,
    expected: { entry: 'ported' as const, from: 18613912345678, to: 18613912345678, route: 'r1' },
  };
  const prefix = {
    ...ported,
    expected: { entry: 'prefix' as const, from: 186139, to: 186139, route: 'r2' },
  };
  const missing = { ...ported, expected: undefined };
  const portedBody = {
    ueId: 'msisdn-8613912345678',
    match: { entry: 'ported', from: '8613912345678', to: '8613912345678' },
    route: { id: 'r1', member: 'm' },
    ledger: { height: 5 },
  };
  const prefixBody = {
    ...portedBody,
    match: { entry: 'prefix', prefix: '86139' },
    route: { id: 'r2' },
  };
  const verdict = (number: Parameters<typeof judgeHttp>[0], status: number, body: unknown) =>
    judgeHttp(number, status, typeof body === 'string' ? body : JSON.stringify(body)).verdict;

  test('asks by the identity and the digits', () => {
    assert.equal(pathOf(ported), '/nbchf-routing/v1/routing-info/msisdn-8613912345678');
  });

  test('the expected entry and route are right, whatever else is told', () => {
    assert.equal(verdict(ported, 200, portedBody), 'right');
    assert.equal(verdict(prefix, 200, prefixBody), 'right');
    assert.equal(verdict(missing, 404, { cause: 'USER_NOT_FOUND' }), 'right');
  });

  test('another number, entry, bound or route is wrong', () => {
    const { match } = portedBody;
    assert.equal(verdict(ported, 200, { ...portedBody, ueId: 'msisdn-1' }), 'wrong');
    assert.equal(verdict(ported, 200, { ...portedBody, match: { ...match, from: '1' } }), 'wrong');
    assert.equal(verdict(ported, 200, { ...portedBody, match: { ...match, to: '1' } }), 'wrong');
    assert.equal(verdict(ported, 200, { ...portedBody, route: { id: 'r2' } }), 'wrong');
    assert.equal(verdict(ported, 200, prefixBody), 'wrong');
    assert.equal(verdict(prefix, 200, { ...prefixBody, match: { entry: 'prefix' } }), 'wrong');
    assert.equal(verdict(ported, 404, { cause: 'USER_NOT_FOUND' }), 'wrong');
    assert.equal(verdict(missing, 200, portedBody), 'wrong');
    assert.equal(verdict(ported, 200, {}), 'wrong');
  });

  test('what is no answer of the interface is an error', () => {
    assert.equal(verdict(ported, 200, 'no json'), 'error');
    assert.equal(verdict(ported, 200, 'null'), 'error');
    assert.equal(verdict(missing, 404, 'Not Found'), 'error');
    assert.equal(verdict(ported, 400, '{}'), 'error');
  });
});
