// Capacity plans: quantities are read or refused, the model finds what it was made from, a plan never
// leaves the measured range without saying so, and what it promises follows from it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRandom } from '../../ledger/population/random.ts';
import {
  CURVES_FORMAT,
  type Curves,
  curveOf,
  gatherCurves,
  parseCurves,
} from '../capacity/curves.ts';
import { ENTRIES_PER_KIND_MAX, machinesFor, upAtLeast } from '../capacity/machines.ts';
import { type PlanWish, planCapacity } from '../capacity/plan.ts';
import { formatPlan } from '../capacity/plan-text.ts';
import { processorLimit } from '../capacity/processor-limit.ts';
import {
  formatBytes,
  formatCount,
  parseAvailability,
  parseBytes,
  parseCount,
  parsePercent,
  parseRate,
  parseTimeUs,
} from '../capacity/quantity.ts';
import {
  fitQueue,
  type LoadPoint,
  loadWithin,
  POINTS_MIN,
  p99Us,
} from '../capacity/queue-model.ts';
import type { ScenarioReport } from '../scenario/scenario-report.ts';

const refused = (code: string) => (error: unknown) => (error as { code?: string }).code === code;

describe('a quantity', () => {
  test('is a number with its unit', () => {
    assert.equal(parseRate('2M/s'), 2e6);
    assert.equal(parseRate('1.5k'), 1500);
    assert.equal(parseRate('2,500,000/s'), 2.5e6);
    assert.equal(parseCount('800M'), 8e8);
    assert.equal(parseCount('1.5G'), 1.5e9);
    assert.equal(parseTimeUs('1ms'), 1000);
    assert.equal(parseTimeUs('0.2s'), 200_000);
    assert.equal(parseTimeUs('50us'), parseTimeUs('50µs'));
    assert.equal(parseBytes('64GiB'), 64 * 2 ** 30);
    assert.equal(parseBytes('16GB'), 16e9);
    assert.equal(parsePercent('99.5%'), 0.995);
    assert.deepEqual(parseAvailability('2N+1'), {
      form: 'machines',
      multiple: 2,
      spares: 1,
      text: '2N+1',
    });
    const share = parseAvailability('99.99%');
    assert.ok(share.form === 'probability' && Math.abs(share.probability - 0.9999) < 1e-12);
  });

  test('that is none is refused with what it should be', () => {
    const cases: [(text: string) => unknown, string[]][] = [
      [parseRate, ['', '2', '2m/s', '2M/h', '-1k/s', '0/s', '1,5k', '1e6', '٣k', '2 M/s/s', 'M/s']],
      [parseCount, ['', '8M8', '1T', 'Infinity', '0x10', '12,34']],
      [parseTimeUs, ['1', '1m', '0ms', '1 hour', 'ms']],
      [parseBytes, ['64', '64G', '64gib', '0B']],
      [parseAvailability, ['', 'N-1', '0N', '6N', 'N+101', '100%', '0%', 'n']],
      [parsePercent, ['100%', '0%', '0.5', '']],
    ];
    for (const [parse, texts] of cases) {
      for (const text of texts) {
        if (parse === parseRate && text === '2') continue;
        assert.throws(
          () => parse(text),
          refused('BCHF_CAPACITY_QUANTITY'),
          `${parse.name} ${text}`,
        );
      }
    }
    assert.equal(parseRate('2'), 2);
  });

  test('is told with three digits', () => {
    assert.deepEqual([12, 9999, 123_456, 2e6, 8e8, 1.25e9].map(formatCount), [
      '12',
      '9,999',
      '123 k',
      '2 M',
      '800 M',
      '1.25 G',
    ]);
    assert.equal(formatBytes(4.5 * 2 ** 30), '4.5 GiB');
  });
});

/** Points of a queue with these parameters, each up to 10% off. */
function points(
  floorUs: number,
  waitUs: number,
  limitPerSecond: number,
  seed: number,
): LoadPoint[] {
  const random = createRandom(seed);
  return Array.from({ length: 10 }, (_, at) => {
    const offeredPerSecond = (limitPerSecond * (at + 1)) / 11;
    const exact = p99Us({ floorUs, waitUs, limitPerSecond }, offeredPerSecond);
    return { offeredPerSecond, p99Us: exact * (0.9 + random.below(200) / 1000) };
  });
}

describe('the model', () => {
  test('finds the limit that points were made with, and tells a load from a percentile', () => {
    for (let seed = 0; seed < 20; seed++) {
      const fit = fitQueue(points(200, 50, 1e6, seed));
      assert.ok(Math.abs(fit.limitPerSecond / 1e6 - 1) < 0.1, `limit ${fit.limitPerSecond}`);
      assert.ok(fit.errorFactor >= 1 && fit.errorFactor < 1.6, `error ${fit.errorFactor}`);
      const load = loadWithin(fit, 400);
      assert.ok(Math.abs(p99Us(fit, load) - 400) < 1e-6);
      assert.equal(loadWithin(fit, (fit.floorUs + fit.waitUs) * 0.99), 0);
      assert.equal(p99Us(fit, fit.limitPerSecond), Number.POSITIVE_INFINITY);
    }
  });

  test('keeps the error that it states for points of another run', () => {
    let within = 0;
    const runs = 50;
    for (let seed = 0; seed < runs; seed++) {
      const fit = fitQueue(points(200, 50, 1e6, seed));
      const others = points(200, 50, 1e6, seed + 1000);
      // The last lies where 10% of latency is a hair of load.
      const isWithin = others.slice(0, -1).every((point) => {
        const told = p99Us(fit, point.offeredPerSecond);
        const factor = Math.max(told / point.p99Us, point.p99Us / told);
        return factor <= fit.errorFactor * 1.15;
      });
      if (isWithin) within++;
    }
    assert.ok(within >= runs * 0.9, `${within} of ${runs}`);
  });

  test('needs points enough to check itself', () => {
    assert.throws(() => fitQueue(points(1, 1, 10, 0).slice(0, POINTS_MIN - 1)), RangeError);
  });
});

describe('the end of the processors', () => {
  /** A tenth of a processor idling, and a percent for each thousand lookups. */
  const usage = (load: number) => ({ answeredPerSecond: load, serverCpuPercent: 10 + load / 1000 });
  const loads = [1, 2, 3, 4, 5].map((thousands) => usage(thousands * 1000));

  test('lies where a line through their time at lower loads comes to all of them', () => {
    const limit = processorLimit(loads, 2);
    assert.ok(limit && Math.abs(limit.perSecond - 190_000) < 1e-3);
    assert.ok(Math.abs(limit.perSecondMin - limit.perSecondMax) < 1e-3, 'all on one line');
    const off = processorLimit([...loads, { ...usage(6000), serverCpuPercent: 18 }], 2);
    assert.ok(off && off.perSecondMin < off.perSecond && off.perSecond < off.perSecondMax);
  });

  test('is not told from too few points, nor where their time does not grow', () => {
    assert.equal(processorLimit(loads.slice(1), 2), undefined);
    const flat = loads.map((point) => ({ ...point, serverCpuPercent: 10 }));
    assert.equal(processorLimit(flat, 2), undefined);
  });
});

describe('machines for availability', () => {
  test('are multiples and spares, or follow from how often one is up', () => {
    const of = (text: string, needed = 4) => machinesFor(needed, parseAvailability(text), 0.99);
    assert.deepEqual(
      ['N', 'N+1', '2N', '2N+3'].map((text) => of(text)),
      [4, 5, 8, 11],
    );
    assert.equal(of('96%'), 4, '0.99^4 is 0.9606');
    assert.equal(of('97%'), 5);
    assert.equal(of('99.99%'), 6);
    assert.equal(of('99.999%'), 7);
    assert.throws(
      () => machinesFor(4, parseAvailability('99%'), 1e-9),
      refused('BCHF_CAPACITY_UNREACHABLE'),
    );
  });

  test('are up with the probability of the binomial distribution', () => {
    assert.ok(Math.abs(upAtLeast(2, 3, 0.9) - (0.9 ** 3 + 3 * 0.9 ** 2 * 0.1)) < 1e-12);
    assert.ok(Math.abs(upAtLeast(1, 2, 0.5) - 0.75) < 1e-12);
    assert.ok(Math.abs(upAtLeast(0, 5, 0.3) - 1) < 1e-12);
    assert.ok(upAtLeast(50_000, 51_000, 0.99) > 0.99, 'also where single terms are too small');
  });
});

const MACHINE = { cpu: 'a processor', cores: 2, node: '20.0.0', note: 'A note.' };

function curves(changes: Partial<Curves> = {}): Curves {
  const curve = (name: 'http' | 'batch', limit: number, entries: number) => ({
    interface: name,
    entries,
    numbersEach: name === 'batch' ? 100 : 1,
    measuredAt: '2026-11-28T00:00:00.000Z',
    isGeneratorLimit: false,
    points: points(200, 50, limit, 1).map((point) => ({
      ...point,
      answeredPerSecond: point.offeredPerSecond,
      p50Us: 100,
      typicalP99Us: point.p99Us,
      isServedWell: true,
      serverCpuPercent: null,
    })),
  });
  return {
    format: CURVES_FORMAT,
    machine: MACHINE,
    curves: [curve('http', 20_000, 1e6), curve('batch', 2e6, 1e6), curve('batch', 1.6e6, 1e7)],
    memory: [
      { entries: 1e6, residentBytes: 200e6 },
      { entries: 1e7, residentBytes: 290e6 },
    ],
    ...changes,
  };
}

const WISH: PlanWish = {
  lookupsPerSecond: 5e6,
  entries: 1e6,
  p99Us: 600,
  availability: parseAvailability('2N'),
  mix: { batch: 1 },
  machineAvailability: 0.995,
};

describe('a plan', () => {
  test('carries the load cautiously, within the wanted percentile, twice over with 2N', () => {
    const { machines, perMachine, interfaces, extrapolations } = planCapacity(curves(), WISH);
    const [batch] = interfaces;
    assert.equal(machines.forLoad, Math.ceil(5e6 / perMachine.cautiousPerSecond));
    assert.equal(machines.total, 2 * machines.forLoad);
    assert.ok(machines.utilisationAtLeast <= 1 && machines.forLoadLikely <= machines.forLoad);
    assert.ok(batch!.p99UsAtCautious * batch!.errorFactor <= 600 * 1.000001);
    assert.ok(batch!.errorFactor >= 2 && batch!.fit.errorFactor < 2, 'one run tells little');
    assert.deepEqual(extrapolations, []);
  });

  test('of several interfaces shares the machine between them', () => {
    const both = planCapacity(curves(), { ...WISH, mix: { batch: 1, http: 1 } });
    const [one, other] = both.interfaces;
    const { cautiousPerSecond } = both.perMachine;
    const used =
      (cautiousPerSecond * one!.share) / one!.cautiousPerSecond +
      (cautiousPerSecond * other!.share) / other!.cautiousPerSecond;
    assert.ok(Math.abs(used - 1) < 1e-9);
  });

  test('takes of several runs the one whose knee came first, and of those without a knee the highest', () => {
    const { curves: all } = curves();
    const batch = all.find((one) => one.interface === 'batch')!;
    /** The same run, driven as far as its first points only, to a knee or not. */
    const upTo = (count: number, hasKnee: boolean) => ({
      ...batch,
      points: batch.points
        .slice(0, count + (hasKnee ? 1 : 0))
        .map((point, at) => ({ ...point, isServedWell: at < count })),
    });
    const limitOf = (...runs: ReturnType<typeof upTo>[]) => {
      const plan = planCapacity(curves({ curves: runs }), { ...WISH, p99Us: 1e6 });
      return plan.interfaces[0]!.likelyPerSecond;
    };
    const at = (count: number) => batch.points[count - 1]!.offeredPerSecond;
    assert.equal(limitOf(upTo(6, false), upTo(8, false)), at(8));
    assert.equal(limitOf(upTo(5, false), upTo(8, true)), at(8));
    assert.equal(limitOf(upTo(6, true), upTo(8, true)), at(6));
  });

  test('takes the highest load that was served well, where the percentile would allow more', () => {
    const loose = planCapacity(curves(), { ...WISH, p99Us: 1e6 });
    assert.equal(loose.interfaces[0]!.limitedBy, 'measured-load');
    const measured = Math.max(...curves().curves[1]!.points.map((one) => one.offeredPerSecond));
    assert.equal(loose.perMachine.cautiousPerSecond, measured);
    assert.equal(planCapacity(curves(), WISH).interfaces[0]!.limitedBy, 'percentile');
  });

  test('tells where the processors would end only if the generator ended first, and never plans by it', () => {
    const withUsage = (isGeneratorLimit: boolean) => {
      const measured = curves();
      for (const curve of measured.curves) {
        curve.isGeneratorLimit = isGeneratorLimit;
        for (const point of curve.points) {
          point.serverCpuPercent = 10 + (100 * point.answeredPerSecond) / 2e6;
        }
      }
      return measured;
    };
    const limited = planCapacity(withUsage(true), { ...WISH, cores: 8 });
    const limit = limited.interfaces[0]!.processorLimit;
    assert.ok(limit && Math.abs(limit.perSecond / (4 * 3.8e6) - 1) < 1e-9, 'as the load, by cores');
    assert.match(formatPlan(limited), /over batch the generator ended first.* 15\.2 M\/s/);
    const free = planCapacity(withUsage(false), { ...WISH, cores: 8 });
    assert.equal(free.interfaces[0]!.processorLimit, null);
    assert.deepEqual(free.machines, limited.machines);
    assert.doesNotMatch(formatPlan(free), /ended first/);
  });

  test('takes the curves of the next larger index', () => {
    const { interfaces } = planCapacity(curves(), { ...WISH, entries: 2e6 });
    assert.equal(interfaces[0]!.entriesMeasured, 1e7);
  });

  test('says how far outside of what was measured it is', () => {
    const told = (changes: Partial<PlanWish>) =>
      planCapacity(curves(), { ...WISH, ...changes }).extrapolations.map((one) => [
        one.quantity,
        Math.round((one.asked / one.measuredMax) * 100) / 100,
      ]);
    assert.deepEqual(told({ entries: 8e8 }), [
      ['entries', 80],
      ['entries', 80],
    ]);
    assert.deepEqual(told({ entries: 1e5 }), [['entries', 0.01]], 'memory alone');
    assert.deepEqual(told({ cores: 16 }), [['cores', 8]]);
    const text = formatPlan(planCapacity(curves(), { ...WISH, entries: 8e8 }));
    assert.match(text, /OUTSIDE OF WHAT WAS MEASURED\n.*80 times the largest/);
    assert.doesNotMatch(formatPlan(planCapacity(curves(), WISH)), /OUTSIDE/);
  });

  test('has memory along the line, the entries twice, and a quarter more', () => {
    const { memory } = planCapacity(curves(), { ...WISH, entries: 2e7 });
    assert.ok(Math.abs(memory.bytesPerEntry - 10) < 1e-9);
    assert.ok(Math.abs(memory.residentBytes - 390e6) < 1);
    assert.ok(Math.abs(memory.neededBytes - (390e6 + 200e6) * 1.25) < 1);
    assert.equal(memory.error, null);
  });

  test('that no number of machines fulfils is refused', () => {
    const unreachable = (changes: Partial<PlanWish>) =>
      assert.throws(
        () => planCapacity(curves(), { ...WISH, ...changes }),
        refused('BCHF_CAPACITY_UNREACHABLE'),
      );
    unreachable({ p99Us: 10 });
    unreachable({ entries: 2 * ENTRIES_PER_KIND_MAX + 1 });
    unreachable({ memoryBytes: 100e6 });
    unreachable({ lookupsPerSecond: 1e13 });
  });

  test('is refused where the curves have too little', () => {
    const lacking = (changes: Partial<Curves>, wish: Partial<PlanWish> = {}) =>
      assert.throws(
        () => planCapacity(curves(changes), { ...WISH, ...wish }),
        refused('BCHF_CAPACITY_CURVES'),
      );
    lacking({}, { mix: { enum: 1 } });
    lacking({ memory: [{ entries: 1e6, residentBytes: 1e6 }] });
    lacking({ memory: [1, 2].map((entries) => ({ entries, residentBytes: 10 - entries })) });
    const bad = curves().curves.map((curve) => ({
      ...curve,
      points: curve.points.map((point) => ({ ...point, isServedWell: false })),
    }));
    lacking({ curves: bad });
  });
});

describe('curves', () => {
  /** Steps of three seconds, in the middle one of which the machine stands still. */
  const seconds = [1, 100, 120, 9000].flatMap((p99) =>
    [p99, 1e6, p99].map((one) => ({ answeredPerSecond: 1, latencyUs: { p99: one } })),
  );
  const window = (step: number, offeredPerSecond: number, p99: number, warmUp = false) => ({
    ...{ phase: 'load', fromSecond: 3 * step, toSecond: 3 * step + 3, warmUp, offeredPerSecond },
    ...{ answeredPerSecond: offeredPerSecond, lost: 0, failed: 0 },
    latencyUs: { p50: p99 / 2, p90: p99, p99, p99_9: p99, max: p99 },
  });
  const report = (changes: object = {}) =>
    ({
      scenario: {
        name: 'a run',
        population: { ported: 1e6, fragmented: 1000, profile: 25, seed: 1 },
        streams: [{ interface: 'batch', share: 1, batch: 100 }],
      },
      startedAt: '2026-11-28T00:00:00.000Z',
      machine: { cpu: 'a processor', cores: 2, node: '20.0.0' },
      windows: [window(0, 1, 1, true), window(1, 10, 1e6), window(2, 20, 1e6), window(3, 30, 1e6)],
      streams: [{ name: 'batch 1', interface: 'batch', seconds }],
      server: [
        { second: 4, cpuPercent: 50, residentBytes: 5e6 },
        { second: 5, cpuPercent: 70, residentBytes: 6e6 },
        { second: 12, cpuPercent: 900, residentBytes: 5e6 },
      ],
      generator: { isBottleneck: true },
      ...changes,
    }) as unknown as ScenarioReport;

  test('are gathered from reports: loads up to the knee, without warm-up, with the memory', () => {
    const { curves: gathered, memory, machine } = gatherCurves([curveOf(report())], 'A note.');
    const [curve] = gathered;
    assert.deepEqual(
      curve!.points.map((one) => [one.offeredPerSecond, one.typicalP99Us, one.isServedWell]),
      [
        [10, 100, true],
        [20, 120, true],
        [30, 9000, false],
      ],
    );
    assert.deepEqual(
      [curve!.entries, curve!.numbersEach, curve!.isGeneratorLimit],
      [1_001_000, 100, true],
    );
    assert.equal(curve!.points[0]!.serverCpuPercent, 60);
    assert.deepEqual(memory, [{ entries: 1_001_000, residentBytes: 6e6 }]);
    assert.equal(machine.note, 'A note.');
  });

  test('of another run are added, those of another machine are not', () => {
    const before = gatherCurves([curveOf(report())], '');
    assert.equal(gatherCurves([curveOf(report())], '', before).curves.length, 2);
    const other = report({ machine: { cpu: 'another', cores: 2, node: '20.0.0' } });
    for (const gather of [
      () => gatherCurves([curveOf(other)], '', before),
      () => gatherCurves([report(), other].map(curveOf), ''),
      () => curveOf(report({ streams: [{}, {}] })),
      () => curveOf(report({ windows: [] })),
      () => gatherCurves([], ''),
    ]) {
      assert.throws(gather, refused('BCHF_CAPACITY_CURVES'));
    }
  });

  test('are read back as they were written, and refused where they are none', () => {
    const written = gatherCurves([curveOf(report())], 'A note.');
    assert.deepEqual(parseCurves(JSON.stringify(written)), written);
    for (const text of ['', '{}', '[]', JSON.stringify({ ...written, curves: [] })]) {
      assert.throws(() => parseCurves(text), refused('BCHF_CAPACITY_CURVES'));
    }
  });
});
