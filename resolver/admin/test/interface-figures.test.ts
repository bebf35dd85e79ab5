// What the console shows of interfaces, reckoned from counters and histograms.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COUNTER_TABLE, HISTOGRAM_FORMS, HISTOGRAM_TABLE } from '../../counter-table.ts';
import { createLatencyWords } from '../../metrics/latency-words.ts';
import { SharedCounters } from '../../metrics/shared-counters.ts';
import { INTERFACE_IDS } from '../console-model.ts';
import {
  counterReader,
  figuresBetween,
  INTERFACE_COUNTERS,
  quantileOf,
} from '../interface-figures.ts';
import { LiveFigures, SAMPLES_MAX } from '../live-figures.ts';

test('every counter and histogram that an interface is made of is one that threads count', () => {
  const known = new Set(
    Object.entries(COUNTER_TABLE).flatMap(([group, names]) =>
      Object.keys(names).map((name) => `${group}.${name}`),
    ),
  );
  for (const id of INTERFACE_IDS) {
    const { requests, lookups, failures, drops, latency } = INTERFACE_COUNTERS[id];
    const unknown = [...requests, ...lookups, ...failures, ...drops].filter(
      (name) => !known.has(name),
    );
    assert.deepEqual(unknown, [], id);
    assert.ok(requests.length > 0 && lookups.length > 0, id);
    assert.ok(latency in HISTOGRAM_FORMS, id);
  }
});

test('a quantile lies where Prometheus reckons it, and at the last bound beyond all bounds', () => {
  const buckets = [
    { le: 1, count: 0 },
    { le: 2, count: 10 },
    { le: 4, count: 10 },
    { le: Number.POSITIVE_INFINITY, count: 0 },
  ];
  assert.equal(quantileOf(buckets, 0.5), 2);
  assert.equal(quantileOf(buckets, 0.25), 1.5);
  assert.equal(quantileOf(buckets, 1), 4);
  assert.equal(quantileOf([{ le: 1, count: 0 }], 0.5), undefined);
  const beyond = [
    { le: 1, count: 1 },
    { le: Number.POSITIVE_INFINITY, count: 9 },
  ];
  assert.equal(quantileOf(beyond, 0.99), 1);
});

test('a latency is counted in the bucket whose bounds hold it', () => {
  const words = createLatencyWords(24);
  for (const milliseconds of [0, 0.001, 0.0011, 0.002, 1, 1e9]) words.record(milliseconds);
  const counts = words.read();
  assert.deepEqual([counts.us0, counts.us1, counts.us10, counts.us23], [2, 2, 1, 1]);
  assert.ok(Math.abs(counts.sum! - (1e9 + 1.0041) / 1000) < 1e-3);
});

function fixture() {
  const counters = new SharedCounters(COUNTER_TABLE, 1);
  const histograms = new SharedCounters(HISTOGRAM_TABLE, 1);
  const counts: Record<string, Record<string, number>> = { batch: {}, http: {} };
  const latency = createLatencyWords(24);
  const mirrors = [
    counters.mirror(0, { batch: () => counts.batch!, http: () => counts.http! }),
    histograms.mirror(0, { batchLatency: latency.read }),
  ];
  const flush = () => {
    for (const mirror of mirrors) mirror();
  };
  return { counts, latency, flush, read: counterReader(counters, histograms) };
}

test('figures are the differences of two readings over the seconds between them', () => {
  const { counts, latency, flush, read } = fixture();
  counts.batch = { lookupRequests: 5, lookedUpNumbers: 500, droppedMagic: 1 };
  flush();
  const before = read();
  counts.batch = { lookupRequests: 25, lookedUpNumbers: 2500, droppedMagic: 5, limitedSenders: 2 };
  for (let count = 0; count < 100; count++) latency.record(0.1);
  flush();
  const figures = figuresBetween('batch', before, read(), 2);
  assert.deepEqual(
    [figures.requests, figures.lookups, figures.drops, figures.failures],
    [10, 1000, 3, 0],
  );
  assert.ok(figures.p50Us! > 64 && figures.p50Us! <= 128);
  assert.equal(figuresBetween('enum', before, read(), 2).p99Us, null);
});

test('the last quarter of an hour is kept, and a clock that is set back makes no sample', () => {
  const { counts, flush, read } = fixture();
  let nowMs = 1_000_000;
  const figures = new LiveFigures(
    {
      read,
      height: () => 7,
      lagMs: () => undefined,
      threads: () => 2,
      cpuSeconds: () => nowMs / 2000,
      residentBytes: () => 1,
    },
    () => nowMs,
  );
  for (let second = 1; second <= SAMPLES_MAX + 5; second++) {
    nowMs += 1000;
    counts.http = { answered200: second * 3, lookedUpNumbers: second * 3 };
    flush();
    figures.sample();
  }
  const { samples } = figures.since();
  assert.equal(samples.length, SAMPLES_MAX);
  const last = samples.at(-1)!;
  assert.equal(last.interfaces.http.lookups, 3);
  assert.deepEqual([last.height, last.lagMs, last.cpu], [7, null, 0.5]);
  assert.equal(figures.since(nowMs - 1000).samples.length, 1);
  assert.equal(figures.since(nowMs).samples.length, 0);
  nowMs -= 500;
  figures.sample();
  assert.equal(figures.since().samples.length, SAMPLES_MAX);
  assert.equal(figures.since().samples.at(-1), last);
});
