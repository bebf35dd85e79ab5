import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencySeries } from '../latency-series.ts';

test('what is noted comes back by the second in which it was due, also through encoding', () => {
  const series = new LatencySeries();
  series.sent(0, 100);
  series.answered(999.9, 1.5, 60);
  series.answered(2500, 80, 40);
  series.lost(2999, 7);
  series.failed(1000, 3);
  const decoded = LatencySeries.decode(series.encode());
  assert.deepEqual(
    decoded.seconds.map(({ sent, answered, lost, failed }) => [sent, answered, lost, failed]),
    [
      [100, 60, 0, 0],
      [0, 0, 0, 3],
      [0, 40, 7, 0],
    ],
  );
  const p100Us = decoded.sum(0, 3).latencies.getValueAtPercentile(100);
  assert.ok(Math.abs(p100Us - 80_000) <= 800, `${p100Us}`);
});

test('sums merge histograms, so a percentile is one of all values and no average', () => {
  const one = new LatencySeries();
  const other = new LatencySeries();
  for (let count = 0; count < 99; count++) one.answered(0, 1, 1);
  other.answered(0, 1000, 1);
  one.add(other);
  const { latencies, answered } = one.sum(0, 1);
  assert.equal(answered, 100);
  assert.ok(latencies.getValueAtPercentile(99) < 1020);
  assert.ok(latencies.getValueAtPercentile(100) > 990_000);
});
