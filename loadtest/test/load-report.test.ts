import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LoadCounts, LoadResult } from '../load-report.ts';
import {
  createLatencyHistogram,
  createLoadCounts,
  createReport,
  exitCodeOf,
  formatReport,
  recordMs,
} from '../load-report.ts';

function resultOf(counts: Partial<LoadCounts>, changes: Partial<LoadResult> = {}): LoadResult {
  return {
    protocol: 'udp',
    counts: { ...createLoadCounts(), answered: 1000, responses: 10, sent: 1000, ...counts },
    elapsedMs: 2000,
    offeredPerSecond: undefined,
    latencies: [createLatencyHistogram()],
    sendDelays: undefined,
    usage: { cpuMs: 500, busyMs: 600 },
    examples: [],
    isInterrupted: false,
    ...changes,
  };
}

function histogramOf(latenciesMs: number[]) {
  const histogram = createLatencyHistogram();
  for (const latencyMs of latenciesMs) recordMs(histogram, latencyMs);
  return histogram;
}

describe('the report of a load test', () => {
  test('percentiles are those of all latencies together, not the mean of percentiles', () => {
    const latencies = [histogramOf(new Array(990).fill(0.1)), histogramOf(new Array(10).fill(100))];
    const { latencyUs } = createReport(resultOf({}, { latencies }));
    assert.equal(Math.round(latencyUs.p50 / 10), 10);
    assert.equal(Math.round(latencyUs.p99 / 10), 10);
    assert.ok(latencyUs.p99_9 >= 99_000);
    assert.ok(latencyUs.max >= 99_000);
  });

  test('latencies outside the histogram are kept at its ends', () => {
    const { latencyUs } = createReport(resultOf({}, { latencies: [histogramOf([-1, 0, 1e9])] }));
    assert.equal(latencyUs.p50, 1);
    assert.ok(latencyUs.max >= 59_000_000);
  });

  test('rates are of the time of sending', () => {
    const report = createReport(resultOf({}));
    assert.equal(report.achievedPerSecond, 500);
    assert.equal(report.responsesPerSecond, 5);
    assert.equal(report.generator.cpuPercent, 25);
    assert.equal(report.generator.busyPercent, 30);
  });

  test('each verdict has its exit code, a wrong answer before a loss', () => {
    const codeOf = (counts: Partial<LoadCounts>) => exitCodeOf(createReport(resultOf(counts)));
    assert.equal(codeOf({}), 0);
    assert.equal(codeOf({ unfinished: 5, lateResponses: 5, unsent: 5 }), 0);
    assert.equal(codeOf({ wrong: 1, lost: 1 }), 3);
    assert.equal(codeOf({ lost: 1 }), 4);
    assert.equal(codeOf({ errors: 1 }), 4);
    assert.equal(codeOf({ unverified: 1 }), 4);
    assert.equal(codeOf({ answered: 0 }), 4);
  });

  test('says when the generator was the bottleneck', () => {
    const isBottleneck = (counts: Partial<LoadCounts>, changes: Partial<LoadResult>) =>
      createReport(resultOf(counts, changes)).generator.isBottleneck;
    const usageOf = (cpuMs: number, busyMs: number) => ({ usage: { cpuMs, busyMs } });
    assert.ok(!isBottleneck({}, usageOf(1700, 1700)));
    assert.ok(isBottleneck({}, usageOf(1900, 1900)));
    // On a shared processor it may be busy all the time and get little of it.
    assert.ok(isBottleneck({}, usageOf(1000, 1900)));
    assert.ok(isBottleneck({ unsent: 1 }, {}));
    // An open loop uses its processor whole; there the delay of sending tells.
    assert.ok(!isBottleneck({}, { ...usageOf(2000, 2000), sendDelays: histogramOf([0.01]) }));
    assert.ok(isBottleneck({}, { ...usageOf(2000, 2000), sendDelays: histogramOf([5]) }));
  });

  test('the text tells every count that is not zero', () => {
    const report = createReport(
      resultOf(
        { wrong: 12_345, lost: 23_456, unsent: 34_567, lateResponses: 45_678 },
        { isInterrupted: true, offeredPerSecond: 56_789, examples: ['msisdn-1: not found'] },
      ),
    );
    const text = formatReport(report);
    for (const part of ['12,345', '23,456', '34,567', '45,678', '56,789', 'msisdn-1: not found']) {
      assert.ok(text.includes(part), part);
    }
    assert.ok(!formatReport(createReport(resultOf({}))).includes('unsent'));
  });

  test('where nothing was answered, nothing is said of the generator', () => {
    const late = { sendDelays: histogramOf([5]) };
    const busy = { usage: { cpuMs: 2000, busyMs: 2000 } };
    for (const changes of [late, busy, {}]) {
      for (const counts of [{}, { unsent: 1 }, { sent: 0, transportErrors: 1, unsent: 1 }]) {
        const { generator } = createReport(resultOf({ answered: 0, ...counts }, changes));
        assert.ok(!generator.isBottleneck);
        assert.match(generator.statement, /^nothing answered/);
      }
    }
    // One that has sent nothing at all has nothing to blame on others.
    const idle = createReport(resultOf({ answered: 0, sent: 0, unsent: 1 }));
    assert.ok(idle.generator.isBottleneck);
  });
});
