// `npm run bench -- index-peers`: the index beside what one would use instead to find the route of a
// ported number: a JavaScript Map, LMDB and Redis.
//
// Every one of them has a process of its own (bench-peer-process.ts) with the same ported numbers, and nothing
// else, for the others know no prefixes and no runs; and is asked for the same numbers, drawn uniformly
// from the space, of which one in ten is ported. In each run they measure one after the other.
//
//     indexLookupsPerSecond        batches of 4,096
//     indexSingleLookupsPerSecond  one number a call, as a Map or LMDB is asked
//     ratioToMap …                 the first by the lookups a second of each of the others
//     …BytesPerEntry               resident memory more than before the numbers were in it, for each

import { entriesOption } from './bench-entries.ts';
import { group } from './bench-format.ts';
import { BATCH } from './bench-lookups.ts';
import type { PeerName, PeerTask } from './bench-peer.ts';
import { type MeasuringProcess, startMeasuring } from './bench-process.ts';
import {
  type BenchOptions,
  type BenchResult,
  type Figure,
  repeatAsync,
  runBench,
  tell,
} from './bench-report.ts';

const PEERS: readonly PeerName[] = ['index', 'map', 'lmdb', 'redis'];
/** Keys of how many times as fast as each the index is, in batches. */
const RATIO_NAMES = { map: 'ratioToMap', lmdb: 'ratioToLmdb', redis: 'ratioToRedis' };
const ENTRIES_FULL = 10_000_000;
const ENTRIES_QUICK = 10_000;
/** A Map holds 2^24 entries, and a number is drawn to be one with some deviation. */
const ENTRIES_MAX = 16_000_000;
const BATCHES_FULL = 256;
const BATCHES_QUICK = 4;
const LOOP_MS_FULL = 2000;
const LOOP_MS_QUICK = 10;

await runBench({
  name: 'index-peers',
  about: 'Lookups per second and bytes per ported number, beside a Map, LMDB and Redis.',
  options: entriesOption({ full: ENTRIES_FULL, quick: ENTRIES_QUICK, max: ENTRIES_MAX }),
  measure,
});

async function measure({
  quick,
  runs,
  seed,
  values,
}: BenchOptions<'entries'>): Promise<BenchResult> {
  const { entries } = values;
  const loopMs = quick ? LOOP_MS_QUICK : LOOP_MS_FULL;
  const keyCount = (quick ? BATCHES_QUICK : BATCHES_FULL) * BATCH;
  const notes = [
    `about ${group(entries)} ported numbers, one in ten of the space; numbers asked for are uniform`,
    `${runs} runs of ${loopMs} ms a figure; each in a process of its own, one thread`,
  ];
  const processes = new Map<PeerName, MeasuringProcess>();
  for (const peer of PEERS) {
    const task: PeerTask = { peer, entries, seed, keyCount, loopMs };
    const process = await startMeasuring(new URL('./bench-peer-process.js', import.meta.url), task);
    if ('unavailable' in process) notes.push(`left out: ${peer}, because ${process.unavailable}`);
    else processes.set(peer, process);
    tell('unavailable' in process ? notes.at(-1)! : `${peer}: filled`);
  }

  const measured = await repeatAsync(runs, async (run) => {
    const figures: Record<string, number> = {};
    for (const [peer, process] of processes) {
      const { single, batch } = await process.measure(run);
      figures[`${peer} single`] = single!;
      if (batch !== undefined) figures[`${peer} batch`] = batch;
    }
    for (const peer of processes.keys()) {
      figures[`${peer} ratio`] = figures['index batch']! / figures[`${peer} single`]!;
    }
    tell(run === 0 ? 'warm-up done' : `run ${run} of ${runs} done`);
    return figures;
  });
  for (const process of processes.values()) await process.end();

  const figures = [...processes].flatMap(([peer, process]): Figure[] => {
    const bytes = process.figures.resident! / entries;
    return peer === 'index'
      ? [
          { name: 'indexLookupsPerSecond', measured: measured['index batch']! },
          { name: 'indexSingleLookupsPerSecond', measured: measured['index single']! },
          { name: 'indexBytesPerEntry', measured: bytes },
        ]
      : [
          { name: `${peer}LookupsPerSecond`, measured: measured[`${peer} single`]! },
          { name: `${peer}BytesPerEntry`, measured: bytes },
          { name: RATIO_NAMES[peer], measured: measured[`${peer} ratio`]! },
        ];
  });
  return { notes, figures };
}
