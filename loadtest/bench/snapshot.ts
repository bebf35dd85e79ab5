// `npm run bench -- snapshot`: how fast a snapshot is loaded, and what look-ups notice of a swap.
//
// `bchf serve` answers datagrams of 100 numbers, paced at a share of what it can, from a hundred million
// entries. First it does nothing else, then a swap is under way from its first step to its last, again
// and again, to and fro between two contents. Every answer is held against the content whose height it
// carries; what is lost counts as failed.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import { askAdmin } from '../../resolver/admin/admin-client.ts';
import { encodeLabel } from '../../resolver/freshness.ts';
import { loadSnapshot, writeSnapshot } from '../../resolver/snapshot/snapshot-file.ts';
import type { SwapResult } from '../../resolver/snapshot/swap-types.ts';
import { type BchfServer, startServer } from '../../resolver/test/bchf-process.ts';
import { exampleRoute } from '../../resolver/test/example-route.ts';
import {
  BATCH_DATAGRAM_BYTES_MAX,
  createBatchResponse,
  NUMBER_BYTES,
  REQUEST_HEADER_BYTES,
  readResponse,
  STATUS_OK,
  writeLookupRequest,
  writeU32,
} from '../../resolver/udp/batch-codec.ts';
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
import { type Datagram, runDatagramLoad } from '../datagram-load.ts';
import { createLoadCounts, type LoadCounts, type LoadResult } from '../load-report.ts';
import { RatePlan } from '../rate-plan.ts';

const PORTED_FULL = 100_000_000;
const NUMBERS = 100;
const GIB = 2 ** 30;
/** Every so many ported numbers that are asked for have another route in the second content. */
const CHANGED_EVERY = 50;
/** To find out what the server can do. */
const CAPACITY_MS = 2_000;
const IN_FLIGHT = 64;
const SWAP_MAX_MS = 300_000;
/** A socket's buffer holds some 200 answers: with one, a pause of the generator would look like a loss. */
const SOCKETS = 16;

type Option = 'ported' | 'datagrams' | 'percent' | 'seconds';

await runBench<Option>({
  name: 'snapshot',
  about: 'Loading a snapshot, and look-ups while one is swapped in under load.',
  options: {
    ported: {
      what: 'ported numbers of each content',
      full: PORTED_FULL,
      quick: 20_000,
      min: 1_000,
      max: PORTED_FULL,
    },
    datagrams: { what: 'different datagrams', full: 20_000, quick: 200, min: 100, max: 100_000 },
    percent: { what: 'of what the server can do', full: 30, quick: 20, min: 1, max: 90 },
    seconds: { what: 'of steady load in each run', full: 8, quick: 1, min: 1, max: 600 },
  },
  measure,
});

interface Asked extends Datagram {
  /** The right answers, by the height of the content. */
  expected: Map<number, Uint32Array>;
}

async function measure(options: BenchOptions<Option>): Promise<BenchResult> {
  const { quick, runs, values } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bchf-bench-snapshot-'));
  let server: BchfServer | undefined;
  try {
    const made = await makeContents(folder, options);
    const load = await measureLoading(join(folder, '1.bchf'), made.imageBytes, runs);
    server = await startServer(
      'serve',
      ...['--snapshot', join(folder, '1.bchf'), '--workers', '1', '--udp-workers', '1'],
      ...['--sbi-workers', '0', '--swap-change-max-percent', '100', '--previous-kept-s', '0'],
      ...['--log-level', 'error'],
    );
    const capacity = await runLoad(server, made.asked, undefined, CAPACITY_MS);
    const perSecond = capacity.counts.responses / (capacity.elapsedMs / 1000);
    const rate = Math.round((perSecond * values.percent) / 100);
    tell(`${Math.round(perSecond)} datagrams a second in a closed loop; paced at ${rate}`);
    const swaps = await measureSwaps(server, made.asked, rate, options);
    return {
      notes: [
        `${made.entries.toLocaleString('en-US')} entries in each of two contents, images of ` +
          `${(made.imageBytes / GIB).toFixed(2)} GiB; one thread of UDP`,
        `${rate.toLocaleString('en-US')} datagrams of ${NUMBERS} numbers a second, ` +
          `${values.percent}% of a closed loop; server and generator share the machine`,
      ],
      figures: [
        { name: 'loadMsPerGiB', measured: load.full },
        { name: 'loadMsPerGiBFast', measured: load.fast },
        { name: 'failedLookups', measured: swaps.failed, bar: { atMost: 0 } },
        { name: 'wrongLookups', measured: swaps.wrong },
        { name: 'failedLookupsSteady', measured: swaps.steadyFailed },
        { name: 'p999RatioDuringSwap', measured: swaps.ratio, bar: { atMost: 2 } },
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
    await server?.stop();
    rmSync(folder, { recursive: true });
  }
}

/** Writes two snapshots, and makes the datagrams with what each of them answers. */
async function makeContents(folder: string, { seed, values }: BenchOptions<Option>) {
  const population = createBenchPopulation(values.ported, seed);
  const { index: msisdn } = buildIndex(population);
  const imsi = createWasmIndex();
  const routes = Array.from({ length: ROUTE_COUNT }, (_, at) => exampleRoute(`route-${at}`));
  const keys = new Float64Array(NUMBERS);
  const draws = Array.from({ length: values.datagrams }, (_, draw) => {
    population.drawUniform(keys, draw);
    return Float64Array.from(keys);
  });
  const asked: Asked[] = draws.map((drawn) => {
    const bytes = new Uint8Array(REQUEST_HEADER_BYTES + NUMBERS * NUMBER_BYTES);
    writeLookupRequest(bytes, 0, 'msisdn', [...drawn], NUMBERS);
    return { bytes, count: NUMBERS, expected: new Map() };
  });
  const answersOf = (height: number) => {
    for (const [at, drawn] of draws.entries()) {
      const answers = new Uint32Array(NUMBERS);
      msisdn.lookup(drawn, answers, NUMBERS);
      asked[at]!.expected.set(height, answers);
    }
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
function changesOf(draws: readonly Float64Array[], asked: readonly Asked[]): IndexChange[] {
  const changes: IndexChange[] = [];
  let seen = 0;
  for (const [at, drawn] of draws.entries()) {
    const answers = asked[at]!.expected.get(1)!;
    for (const [place, answer] of answers.entries()) {
      if (kindOfAnswer(answer) !== 'ported' || seen++ % CHANGED_EVERY !== 0) continue;
      const from = drawn[place]!;
      const route = (routeOfAnswer(answer) + 1) % ROUTE_COUNT;
      changes.push({ entry: 'ported', from, to: from, route });
    }
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

async function measureSwaps(
  server: BchfServer,
  asked: readonly Asked[],
  rate: number,
  { runs, values }: BenchOptions<Option>,
) {
  const admin = { url: `http://127.0.0.1:${server.ports.admin}` };
  const measured = {
    ...{ failed: [] as number[], steadyFailed: [] as number[], wrong: [] as number[] },
    ...{ ratio: [] as number[], lookups: [] as number[] },
    ...{ steadyMs: [] as number[], duringMs: [] as number[] },
    ...{ steadyP99Ms: [] as number[], duringP99Ms: [] as number[] },
    ...{ swapMs: [] as number[], publishMs: [] as number[] },
  };
  for (let run = 0; run < runs; run++) {
    const steady = await runLoad(server, asked, rate, values.seconds * 1000);
    const ending = new AbortController();
    const during = runLoad(server, asked, rate, SWAP_MAX_MS, ending.signal);
    // So that none of the swap is without load; what comes before it is a hundredth of it.
    await sleep(100);
    const startedMs = performance.now();
    const name = `${2 - (run % 2)}.bchf`;
    const swapped = await askAdmin<SwapResult>(admin, 'POST', '/admin/v1/swap', {
      name,
      force: true,
    });
    const swapMs = performance.now() - startedMs;
    ending.abort();
    const { counts, latencies } = await during;
    const [steadyAll, duringAll] = [merged(steady.latencies), merged(latencies)];
    const [steadyMs, duringMs] = [percentile(steadyAll, 99.9), percentile(duringAll, 99.9)];
    measured.failed.push(failedOf(counts));
    measured.steadyFailed.push(failedOf(steady.counts));
    measured.wrong.push(counts.wrong + steady.counts.wrong);
    measured.ratio.push(duringMs / steadyMs);
    measured.lookups.push(counts.answered);
    measured.steadyMs.push(steadyMs);
    measured.duringMs.push(duringMs);
    measured.steadyP99Ms.push(percentile(steadyAll, 99));
    measured.duringP99Ms.push(percentile(duringAll, 99));
    measured.swapMs.push(swapMs);
    measured.publishMs.push(swapped.publishMs);
    const { wrong, errors, lost } = counts;
    tell(
      `swap ${run + 1}: ${Math.round(swapMs)} ms, p99.9 ${duringMs} ms, steady ${steadyMs} ms; ` +
        `${wrong} wrong, ${errors} errors, ${lost} lost`,
    );
  }
  return measured;
}

/** Wrong, refused or lost. */
function failedOf({ wrong, errors, lost, transportErrors }: LoadCounts): number {
  return wrong + errors + lost + transportErrors;
}

function merged(histograms: readonly Histogram[]): Histogram {
  const all = build({
    ...{ bitBucketSize: 64, lowestDiscernibleValue: 1, highestTrackableValue: 60_000_000 },
    numberOfSignificantValueDigits: 3,
  });
  for (const one of histograms) all.add(one);
  return all;
}

function percentile(histogram: Histogram, at: number): number {
  return histogram.getValueAtPercentile(at) / 1000;
}

/** @param rate datagrams a second; `undefined` for as many as are answered */
function runLoad(
  server: BchfServer,
  asked: readonly Asked[],
  rate: number | undefined,
  durationMs: number,
  signal = new AbortController().signal,
): Promise<LoadResult> {
  const counts = createLoadCounts();
  const examples: string[] = [];
  const response = createBatchResponse();
  let next = 0;
  // A plan is one of look-ups.
  const plan = rate === undefined ? undefined : RatePlan.constant(rate * NUMBERS, durationMs);
  return runDatagramLoad(
    {
      ...{ host: '127.0.0.1', port: server.ports.batch, pool: [], durationMs, plan, signal },
      ...{ lookupsMax: Number.POSITIVE_INFINITY, connections: SOCKETS, timeoutMs: 2000 },
    },
    {
      counts,
      examples,
      tell: (example) => examples.push(example),
      inFlight: IN_FLIGHT,
      protocol: {
        next: () => asked[next++ % asked.length]!,
        lookupsEach: NUMBERS,
        idMax: 2 ** 32 - 1,
        bytesMax: BATCH_DATAGRAM_BYTES_MAX,
        writeId: (bytes, id) => writeU32(bytes, 4, id),
        readId: (message) => (readResponse(message, response) ? response.requestId : -1),
        judge({ expected }) {
          const right = expected.get(response.height);
          if (response.status !== STATUS_OK || response.count !== NUMBERS || !right) {
            counts.errors += NUMBERS;
            return;
          }
          for (let at = 0; at < NUMBERS; at++) {
            if (response.answers[at] !== right[at]) counts.wrong++;
          }
        },
        finish: async () => {},
        close: async () => {},
      },
    },
  );
}
