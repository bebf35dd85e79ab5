import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HISTOGRAM_TABLE, latencyName } from '../counter-table.ts';
import { histogramText } from '../metrics/histograms.ts';
import { SharedCounters } from '../metrics/shared-counters.ts';

test('histograms are told cumulatively, summed over threads, with what is beyond the last bound', () => {
  const words = new SharedCounters(HISTOGRAM_TABLE, 2);
  for (const row of [0, 1]) {
    const counts = { [latencyName(0)]: 1, [latencyName(3)]: 2, [latencyName(23)]: 4, sum: 0.5 };
    words.mirror(row, { batchLatency: () => counts })();
  }
  const lines = histogramText(words).split('\n');
  const told = lines.filter((line) => line.startsWith('bchf_batch_latency_seconds'));
  assert.equal(told[0], 'bchf_batch_latency_seconds_bucket{le="0.000001"} 2');
  assert.ok(told.includes('bchf_batch_latency_seconds_bucket{le="0.000004"} 2'));
  assert.ok(told.includes('bchf_batch_latency_seconds_bucket{le="0.000008"} 6'));
  assert.ok(told.includes('bchf_batch_latency_seconds_bucket{le="4.194304"} 6'));
  assert.deepEqual(told.slice(-3), [
    'bchf_batch_latency_seconds_bucket{le="+Inf"} 14',
    'bchf_batch_latency_seconds_sum 1',
    'bchf_batch_latency_seconds_count 14',
  ]);
  assert.ok(lines.includes('# TYPE bchf_batch_latency_seconds histogram'));
});
