// `npm run bench -- snapshot`: how fast a snapshot is loaded, and what lookups notice of a swap.
//
// `bchf serve` answers datagrams of 100 numbers, paced at a share of what it can, from a hundred million
// entries. It does nothing else for some seconds, then a swap is under way from its first step to its last,
// again and again, to and fro between two contents; a swap is held against the steady times right before
// and after it. Every answer is held against the content whose height it carries; what is lost counts as
// failed.
//
// One pause of 20 ms in a swap decides its 99.9th percentile, and others' programs make such pauses. So what
// others took of the processors is measured too, and swaps beside which it was much are told apart.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Histogram } from 'hdr-histogram-js';
import { askAdmin } from '../../resolver/admin/admin-client.ts';
import { encodeLabel } from '../../resolver/freshness.ts';
import { loadSnapshot, writeSnapshot } from '../../resolver/snapshot/snapshot-file.ts';
import type { SwapResult } from '../../resolver/snapshot/swap-answers.ts';
import { type BchfServer, startServerWith } from '../../resolver/test/bchf-process.ts';
import { exampleRoute } from '../../resolver/test/example-route.ts';
import { writeLookupRequest } from '../../resolver/udp/batch-codec.ts';
import { buildIndex } from '../../wasm/bench/bench-build.ts';
import { createBenchPopulation, ROUTE_COUNT } from '../../wasm/bench/bench-population.ts';
import {
  type BenchOptions,
  type BenchResult,
  runBench,
  tell,
} from '../../wasm/bench/bench-report.ts';
import { type IndexChange, kindOfAnswer, routeOfAnswer } from '../../wasm/number-index.ts';
import { releaseMemory } from '../../wasm/release-memory.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { pinGenerator, pinServer } from './bench-contender.ts';
import { watchDisturbance } from './bench-disturbance.ts';
import {
  type Asked,
  failedOf,
  type LoadRun,
  merged,
  NUMBERS,
  REQUEST_BYTES,
  SwapLoad,
} from './bench-swap-load.ts';

const PORTED_FULL = 100_000_000;
const GIB = 2 ** 30;
/** Of the table, as many as the world's; entries lead to the first ones. */
const TABLE_ROUTES = 4_000;
/** Every so many ported numbers that are asked for have another route in the second content. */
const CHANGED_EVERY = 50;
/** To find out what the server can do, and which rate makes it how busy. */
const CAPACITY_MS = 1_500;
const RATE_MS = 1_000;
const RATE_RUNS = 4;
const SWAP_MAX_MS = 300_000;
/** Others must not take more than so many processors, on average, beside a swap that counts. */
const DISTURBANCE_MAX = 0.1;
/** So many times as many swaps as are wanted are made to find undisturbed ones. */
const ATTEMPTS = 2;

type Option = 'ported' | 'datagrams' | 'percent' | 'seconds';

await runBench<Option>({
  name: 'snapshot',
  about: 'Loading a snapshot, and lookups while one is swapped in under load.',
  options: {
    ported: {
      what: 'ported numbers of each content',
      full: PORTED_FULL,
      quick: 20_000,
      min: 1_000,
      max: PORTED_FULL,
    },
    datagrams: { what: 'different datagrams', full: 20_000, quick: 200, min: 100, max: 100_000 },
    percent: { what: 'that the serving thread is busy', full: 60, quick: 20, min: 1, max: 90 },
    seconds: {
      what: 'of steady load before and after each swap',
      full: 8,
      quick: 1,
      min: 1,
      max: 600,
    },
  },
  measure,
});

async function measure(options: BenchOptions<Option>): Promise<BenchResult> {
  const { quick, runs, values } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bchf-bench-snapshot-'));
  let server: BchfServer | undefined;
  let generator: SwapLoad | undefined;
  let unpin = () => {};
  try {
    const made = await makeContents(folder, options);
    const load = await measureLoading(join(folder, '1.bchf'), made.imageBytes, runs);
    server = await startServerWith(
      // What docs/bench-snapshot.md says of V8's helpers.
      ['--single-threaded-gc'],
      'serve',
      ...['--snapshot', join(folder, '1.bchf'), '--workers', '1', '--udp-workers', '1'],
      ...['--sbi-workers', '0', '--swap-change-max-percent', '100', '--previous-kept-s', '0'],
      ...['--swap-priority', 'low'],
      ...['--log-level', 'error'],
    );
    pinServer(server.pid);
    unpin = pinGenerator();
    generator = new SwapLoad(server.ports.batch, made.asked);
    const rate = await findRate(generator, server, values.percent);
    const swaps = await measureSwaps(server, generator, rate, options);
    return {
      notes: [
        `${made.entries.toLocaleString('en-US')} entries in each of two contents, images of ` +
          `${(made.imageBytes / GIB).toFixed(2)} GiB; one thread of UDP`,
        `${rate.toLocaleString('en-US')} datagrams of ${NUMBERS} numbers a second, ` +
          `which keep the serving thread busy for ${values.percent}% of its time; all of the server on ` +
          'one core, the generator on another',
        swaps.note,
      ],
      figures: [
        { name: 'loadMsPerGiB', measured: load.full },
        { name: 'loadMsPerGiBFast', measured: load.fast },
        { name: 'failedLookups', measured: swaps.failed, bar: { atMost: 0 } },
        { name: 'wrongLookups', measured: swaps.wrong },
        { name: 'failedLookupsSteady', measured: swaps.steadyFailed },
        { name: 'p999RatioDuringSwap', measured: swaps.ratio, bar: { atMost: 2 } },
        { name: 'p999RatioWithDisturbed', measured: swaps.ratioOfAll },
        { name: 'othersProcessors', measured: swaps.others },
        { name: 'generatorAwayShare', measured: swaps.generatorAway },
        { name: 'p999MsSteady', measured: swaps.steadyMs },
        { name: 'p999MsDuringSwap', measured: swaps.duringMs },
        { name: 'p99MsSteady', measured: swaps.steadyP99Ms },
        { name: 'p99MsDuringSwap', measured: swaps.duringP99Ms },
        { name: 'swapMs', measured: swaps.swapMs },
        { name: 'publishMs', measured: swaps.publishMs },
        { name: 'lookupsDuringSwap', measured: swaps.lookups },
      ],
      ...(quick || values.ported < PORTED_FULL
        ? { unjudged: 'not of the size that the bars are set for' }
        : {}),
    };
  } finally {
    unpin();
    await generator?.close();
    await server?.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Writes two snapshots, and makes the datagrams with what each of them answers. */
async function makeContents(folder: string, { seed, values }: BenchOptions<Option>) {
  const population = createBenchPopulation(values.ported, seed);
  const { index: msisdn } = buildIndex(population);
  const imsi = createWasmIndex();
  const routes = Array.from({ length: TABLE_ROUTES }, (_, at) => exampleRoute(`route-${at}`));
  const keys = new Float64Array(NUMBERS);
  const draws = Array.from({ length: values.datagrams }, (_, draw) => {
    population.drawUniform(keys, draw);
    return Float64Array.from(keys);
  });
  const requests = new Uint8Array(new SharedArrayBuffer(draws.length * REQUEST_BYTES));
  for (const [at, drawn] of draws.entries()) {
    const request = requests.subarray(at * REQUEST_BYTES, (at + 1) * REQUEST_BYTES);
    writeLookupRequest(request, 0, 'msisdn', [...drawn], NUMBERS);
  }
  const asked: Asked = { requests, expected: new Map() };
  const answersOf = (height: number) => {
    const answers = new Uint32Array(new SharedArrayBuffer(4 * NUMBERS * draws.length));
    for (const [at, drawn] of draws.entries()) {
      msisdn.lookup(drawn, answers.subarray(at * NUMBERS, (at + 1) * NUMBERS), NUMBERS);
    }
    asked.expected.set(height, answers);
  };
  const write = async (height: number, changes: readonly IndexChange[]) => {
    const block = { height, blockHash: new Uint8Array(32).fill(height), timeMs: 0 };
    imsi.apply([], encodeLabel(block));
    msisdn.apply(changes, encodeLabel(block));
    answersOf(height);
    const content = { indexes: { imsi, msisdn }, routes, block };
    await writeSnapshot(join(folder, `${height}.bchf`), content, height);
  };
  tell('writing two snapshots');
  await write(1, []);
  await write(2, changesOf(draws, asked));
  const { prefix, fragmented, ported } = msisdn.counts();
  const imageBytes = imsi.imageBytes() + msisdn.imageBytes();
  releaseMemory(msisdn.memory);
  return { asked, imageBytes, entries: prefix + fragmented + ported };
}

/** Other routes for some of the ported numbers that are asked for. */
function changesOf(draws: readonly Float64Array[], asked: Asked): IndexChange[] {
  const changes: IndexChange[] = [];
  let seen = 0;
  for (const [at, answer] of asked.expected.get(1)!.entries()) {
    if (kindOfAnswer(answer) !== 'ported' || seen++ % CHANGED_EVERY !== 0) continue;
    const from = draws[Math.floor(at / NUMBERS)]![at % NUMBERS]!;
    const route = (routeOfAnswer(answer) + 1) % ROUTE_COUNT;
    changes.push({ entry: 'ported', from, to: from, route });
  }
  return changes;
}

/** Milliseconds for a GiB of images, from the page cache. */
async function measureLoading(path: string, imageBytes: number, runs: number) {
  const measured = { full: [] as number[], fast: [] as number[] };
  for (let run = 0; run < runs; run++) {
    for (const check of ['full', 'fast'] as const) {
      const startedMs = performance.now();
      const { indexes } = await loadSnapshot(path, { check });
      const loadMs = performance.now() - startedMs;
      measured[check].push((loadMs * GIB) / imageBytes);
      for (const index of Object.values(indexes)) releaseMemory(index.memory);
    }
  }
  return measured;
}

/**
 * Datagrams a second that keep the thread that serves them busy for a share of its time. As many as it can
 * answer are no measure: the more wait, the less each costs.
 */
async function findRate(generator: SwapLoad, server: BchfServer, percent: number): Promise<number> {
  const capacity = await generator.run({ rate: undefined, durationMs: CAPACITY_MS });
  const perSecond = (capacity.datagrams * 1000) / capacity.elapsedMs;
  let rate = (perSecond * percent) / 200;
  for (let run = 0; run < RATE_RUNS; run++) {
    const before = busiestThreadMs(server.pid);
    const { elapsedMs } = await generator.run({ rate, durationMs: RATE_MS });
    const busyPercent = ((busiestThreadMs(server.pid) - before) * 100) / elapsedMs;
    rate = Math.round(Math.min((rate * percent) / busyPercent, perSecond));
  }
  tell(`${Math.round(perSecond)} datagrams a second in a closed loop; paced at ${rate}`);
  return rate;
}

/** Milliseconds that the thread of a process has run that has run longest; proc(5), /proc/PID/schedstat. */
function busiestThreadMs(pid: number): number {
  const folder = `/proc/${pid}/task`;
  const ranNs = readdirSync(folder).map((thread) =>
    Number(readFileSync(`${folder}/${thread}/schedstat`, 'latin1').split(' ')[0]),
  );
  return Math.max(...ranNs) / 1e6;
}

/** One swap, with the steady times around it. */
interface Swap {
  during: LoadRun;
  steady: Histogram;
  swapMs: number;
  publishMs: number;
  /** Processors that others took, where it was most. */
  others: number;
}

async function measureSwaps(
  server: BchfServer,
  generator: SwapLoad,
  rate: number,
  { quick, runs, values }: BenchOptions<Option>,
) {
  const attempts = quick ? runs : ATTEMPTS * runs;
  const swaps: Swap[] = [];
  const undisturbed = () => swaps.filter(({ others }) => others <= DISTURBANCE_MAX);
  const watched = async <T>(action: () => Promise<T>) => {
    const end = watchDisturbance([process.pid, server.pid]);
    const result = await action();
    return { result, others: end() };
  };
  const beSteady = () => watched(() => generator.run({ rate, durationMs: values.seconds * 1000 }));
  const steadyRuns = [await beSteady()];
  while (undisturbed().length < runs && swaps.length < attempts) {
    const name = `${2 - (swaps.length % 2)}.bchf`;
    const swapping = await watched(() => swapUnderLoad(server, generator, rate, name));
    steadyRuns.push(await beSteady());
    const around = steadyRuns.slice(-2);
    const steady = merged(around.map(({ result }) => result.latencies));
    const others = Math.max(swapping.others, ...around.map((one) => one.others));
    const swap = { ...swapping.result, steady, others };
    swaps.push(swap);
    const { wrong, errors, lost, unsent, ownPausesMs } = swap.during;
    const [duringMs, steadyMs] = [swap.during.latencies, steady].map((all) =>
      percentile(all, 99.9),
    );
    tell(
      `swap ${swaps.length}: ${Math.round(swap.swapMs)} ms, p99.9 ${duringMs} ms, steady ` +
        `${steadyMs} ms; others took ${others.toFixed(2)} processors; ` +
        `${wrong} wrong, ${errors} errors, ${lost} lost, ${unsent} unsent; ` +
        `generator away for ${ownPausesMs.toFixed(0)} ms`,
    );
  }
  const counted = undisturbed().length > 0 ? undisturbed() : swaps;
  const of = (figure: (swap: Swap) => number, which = counted) => which.map(figure);
  const ratio = ({ during, steady }: Swap) =>
    percentile(during.latencies, 99.9) / percentile(steady, 99.9);
  return {
    note:
      `${swaps.length} swaps, ${swaps.length - undisturbed().length} of them beside others that took ` +
      `more than ${DISTURBANCE_MAX} processors${counted === swaps ? '' : ' and are left out of latencies'}`,
    // Of all swaps, whatever disturbed them.
    failed: [swaps.reduce((sum, { during }) => sum + failedOf(during), 0)],
    wrong: swaps.map(({ during }) => during.wrong),
    steadyFailed: steadyRuns.map(({ result }) => failedOf(result)),
    ratio: of(ratio),
    ratioOfAll: of(ratio, swaps),
    others: of(({ others }) => others, swaps),
    generatorAway: of(({ during }) => during.ownPausesMs / during.elapsedMs, swaps),
    steadyMs: of(({ steady }) => percentile(steady, 99.9)),
    duringMs: of(({ during }) => percentile(during.latencies, 99.9)),
    steadyP99Ms: of(({ steady }) => percentile(steady, 99)),
    duringP99Ms: of(({ during }) => percentile(during.latencies, 99)),
    swapMs: of(({ swapMs }) => swapMs),
    publishMs: of(({ publishMs }) => publishMs),
    lookups: of(({ during }) => during.answered),
  };
}

/** Asks from right before the request for a swap until its answer. */
async function swapUnderLoad(
  server: BchfServer,
  generator: SwapLoad,
  rate: number,
  name: string,
): Promise<Omit<Swap, 'steady' | 'others'>> {
  const admin = { url: `http://127.0.0.1:${server.ports.admin}` };
  const ending = new AbortController();
  const load = generator.run({ rate, durationMs: SWAP_MAX_MS }, ending.signal);
  // So that none of the swap is without load; what comes before it is a hundredth of it.
  await sleep(100);
  const startedMs = performance.now();
  const request = { name, force: true };
  const { publishMs } = await askAdmin<SwapResult>(admin, 'POST', '/admin/v1/swap', request);
  const swapMs = performance.now() - startedMs;
  ending.abort();
  return { during: await load, swapMs, publishMs };
}

function percentile(histogram: Histogram, at: number): number {
  return histogram.getValueAtPercentile(at) / 1000;
}
