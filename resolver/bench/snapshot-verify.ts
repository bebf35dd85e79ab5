// `npm run bench -- snapshot-verify`: how fast the entries of an index are hashed as the ledger's state
// hashes them, which is what proving a snapshot against the chain costs besides loading it.
//
// The index is that of a large country (wasm/bench/bench-population). The hash is compared with the one
// of the run before; that it is the state's own is for the tests to show.

import { buildIndex } from '../../wasm/bench/bench-build.ts';
import { entriesOption, judgedFrom } from '../../wasm/bench/bench-entries.ts';
import { group } from '../../wasm/bench/bench-format.ts';
import { createBenchPopulation } from '../../wasm/bench/bench-population.ts';
import {
  type BenchOptions,
  type BenchResult,
  repeat,
  runBench,
} from '../../wasm/bench/bench-report.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { routingOfIndexes } from '../snapshot/verify-snapshot.ts';

/** 100 million entries in 20 seconds. */
const BAR = { atLeast: 5e6 };
const ENTRIES_FULL = 10_000_000;
const ENTRIES_QUICK = 20_000;

runBench({
  name: 'snapshot-verify',
  about: 'Entries of an index hashed per second as the state commitment hashes them.',
  options: entriesOption({ full: ENTRIES_FULL, quick: ENTRIES_QUICK }),
  measure,
});

function measure({ quick, runs, seed, values }: BenchOptions<'entries'>): BenchResult {
  const { index: msisdn } = buildIndex(createBenchPopulation(values.entries, seed));
  const indexes = { msisdn, imsi: createWasmIndex() };
  const { ported, fragmented, prefix } = msisdn.counts();
  const total = ported + fragmented + prefix;
  let known: string | undefined;
  const measured = repeat(runs, () => {
    const usageBefore = process.cpuUsage();
    const startedMs = performance.now();
    const routing = Buffer.from(routingOfIndexes(indexes)).toString('hex');
    const seconds = (performance.now() - startedMs) / 1_000;
    const { user, system } = process.cpuUsage(usageBefore);
    if (known !== undefined && routing !== known) throw new Error('the hash is another');
    known = routing;
    return { rate: total / seconds, perCpu: (total * 1e6) / (user + system), seconds };
  });
  return {
    notes: [
      `${group(total)} entries: ${group(ported)} ported numbers, ` +
        `${group(fragmented)} runs, ${group(prefix)} prefixes`,
      `${runs} runs, one thread`,
    ],
    figures: [
      { name: 'entriesPerSecond', measured: measured.rate, bar: BAR },
      { name: 'entriesPerCpuSecond', measured: measured.perCpu },
      { name: 'seconds', measured: measured.seconds },
      { name: 'entries', measured: total },
    ],
    ...judgedFrom(ENTRIES_FULL, { quick, values }),
  };
}
