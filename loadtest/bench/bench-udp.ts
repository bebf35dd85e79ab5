// What the UDP benches share: contenders take turns under the same generator with the same packets, and
// what each served becomes figures.

import type { SystemCalls } from '../../resolver/udp/system-calls.ts';
import { type Bar, type Figure, repeat, tell } from '../../wasm/bench/bench-report.ts';
import { runBatchLoad } from '../batch-load.ts';
import type { PacketRow } from '../packet-pool.ts';
import { type Contender, pinGenerator, startEchoInC, startEchoInNode } from './bench-contender.ts';

/** Every so many answers one is judged. */
const CHECK_EVERY = 256;
/** Before the clock starts: what caches and just-in-time compilers need. */
const WARM_UP_MS = 250;

export interface Load {
  calls: SystemCalls;
  packets: PacketRow;
  idOffset: number;
  /** Requests under way; what a server's default socket buffer takes without loss. */
  window: number;
  durationMs: number;
}

/** A contender with the judge of its answers: what is wrong with one, `undefined` if nothing. */
export interface Judged extends Contender {
  check(packet: number, response: Uint8Array): string | undefined;
}

/** What one contender served in one run. */
interface Served {
  perSecond: number;
  lostShare: number;
  p99Ms: number;
  /** Of the time, that in which the generator had nothing to do. */
  generatorIdleShare: number;
}

export interface Ratio {
  /** The figure's name. */
  name: string;
  /** The best of these is what the resolver is compared with. */
  to: readonly string[];
  bar?: Bar;
}

/** The echoes that every UDP bench measures beside the servers. */
export async function startEchoes(
  messages: readonly Uint8Array[],
  absent: string[],
): Promise<[string, Judged][]> {
  const check = (packet: number, response: Uint8Array) =>
    response.length === messages[packet]!.length ? undefined : 'not what was sent';
  const inC = await startEchoInC();
  if ('absent' in inC) absent.push(`echo in C: ${inC.absent}`);
  const echoes: [string, Judged][] = 'absent' in inC ? [] : [['echoInC', { ...inC, check }]];
  return [...echoes, ['echoInNode', { ...(await startEchoInNode()), check }]];
}

/**
 * Measures all contenders `runs` times and stops them. The first one is the resolver, under the name of
 * its figure.
 *
 * @throws Error where an answer is wrong or none comes: such a figure would mean nothing.
 */
export async function measureInTurns(
  contenders: ReadonlyMap<string, Judged>,
  load: Load,
  runs: number,
  ratios: readonly Ratio[],
): Promise<Figure[]> {
  const names = [...contenders.keys()];
  const ours = names[0]!;
  const possible = ratios
    .map((ratio) => ({ ...ratio, to: ratio.to.filter((name) => contenders.has(name)) }))
    .filter(({ to }) => to.length > 0);
  const unpin = pinGenerator();
  try {
    const measured = repeat(runs, (run) => {
      const served = serveInTurns(run, contenders, load);
      const bestOf = (of: readonly string[]) =>
        Math.max(...of.map((name) => served.get(name)!.perSecond));
      return {
        ...Object.fromEntries(
          names.flatMap((name) =>
            Object.entries(served.get(name)!).map(([figure, value]) => [
              `${figure} ${name}`,
              value,
            ]),
          ),
        ),
        ...Object.fromEntries(
          possible.map(({ name, to }) => [name, served.get(ours)!.perSecond / bestOf(to)]),
        ),
      };
    });
    const each = (name: string) =>
      names.map((of) => ({ name, of, measured: measured[`${name} ${of}`]! }));
    return [
      ...names.map((name) => ({ name, measured: measured[`perSecond ${name}`]! })),
      ...possible.map(({ name, bar }) => ({
        name,
        measured: measured[name]!,
        ...(bar && { bar }),
      })),
      ...each('generatorIdleShare'),
      ...each('lostShare'),
      ...each('p99Ms'),
    ];
  } finally {
    unpin();
    for (const { stop } of contenders.values()) await stop();
  }
}

/** One after the other; the first one is another in each run. */
function serveInTurns(
  run: number,
  contenders: ReadonlyMap<string, Judged>,
  load: Load,
): Map<string, Served> {
  const names = [...contenders.keys()];
  const turned = names.map((_, at) => names[(at + run) % names.length]!);
  const served = new Map(turned.map((name) => [name, serve(name, contenders.get(name)!, load)]));
  const line = turned.map((name) => `${name} ${Math.round(served.get(name)!.perSecond)}`);
  tell(`${run === 0 ? 'warm-up' : `run ${run}`}: ${line.join(', ')}`);
  return served;
}

function serve(name: string, { server, check }: Judged, load: Load): Served {
  const options = { ...load, server, check, checkEvery: CHECK_EVERY };
  runBatchLoad({ ...options, durationMs: Math.min(WARM_UP_MS, load.durationMs) });
  const result = runBatchLoad(options);
  const { answered, checked, wrong, examples, sent, lost, elapsedMs } = result;
  if (wrong > 0 || checked === 0) {
    throw new Error(`${name}: ${wrong} of ${checked} judged are wrong: ${examples.join('; ')}`);
  }
  return {
    perSecond: (answered * 1000) / elapsedMs,
    lostShare: lost / sent,
    p99Ms: result.latencies.getValueAtPercentile(99) / 1000,
    generatorIdleShare: result.idleShare,
  };
}
