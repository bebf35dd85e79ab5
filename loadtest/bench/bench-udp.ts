// What the UDP benches share: contenders take turns under the same generator with the same packets, and
// what each served becomes figures.

import { readdirSync, readFileSync } from 'node:fs';
import type { PortedSpace } from '../../resolver/test/interop/ported-space.ts';
import { processTree } from '../../resolver/test/interop/programs.ts';
import { serveSpace } from '../../resolver/test/interop/serve-space.ts';
import type { SystemCalls } from '../../resolver/udp/system-calls.ts';
import { type Bar, type Figure, repeat, tell } from '../../wasm/bench/bench-report.ts';
import { runBatchLoad } from '../batch-load.ts';
import { createLatencyHistogram } from '../load-report.ts';
import type { PacketRow } from '../packet-pool.ts';
import {
  type Contender,
  HOST,
  pinGenerator,
  pinServer,
  startEchoInC,
  startEchoInNode,
} from './bench-contender.ts';

/** Every so many answers one is judged. */
const CHECK_EVERY = 256;
/** Before the clock of a slice starts: what caches need. */
const WARM_UP_MS = 20;
/** Of each measurement, so that what disturbs a shared machine for a moment disturbs all alike. */
const SLICES = 10;

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
  /** By the time that its threads ran: on a machine that others use too, this says more. */
  perCpuSecond: number;
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

/** The resolver with the space, on the core that servers have. */
export async function startResolver(
  space: PortedSpace,
  protocol: 'batch' | 'enum' | 'pdb',
  check: Judged['check'],
  flags: string[] = [],
): Promise<Judged & { pid: number }> {
  tell('the resolver builds and loads its snapshot');
  const { pid, ports, stop } = await serveSpace(space, flags);
  pinServer(pid);
  return { server: { address: HOST, port: ports[protocol] }, check, pid, stop };
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
      const ratioTo = (of: readonly string[], figure: 'perSecond' | 'perCpuSecond') =>
        served.get(ours)![figure] / Math.max(...of.map((name) => served.get(name)![figure]));
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
          possible.flatMap(({ name, to }) => [
            [name, ratioTo(to, 'perSecond')],
            [`${name} per CPU second`, ratioTo(to, 'perCpuSecond')],
          ]),
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
      ...each('perCpuSecond'),
      ...possible.map(({ name }) => ({
        name: 'perCpuSecondRatio',
        of: name,
        measured: measured[`${name} per CPU second`]!,
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

/** In slices of the duration, one contender after the other; the first one is another in each slice. */
function serveInTurns(
  run: number,
  contenders: ReadonlyMap<string, Judged>,
  load: Load,
): Map<string, Served> {
  const names = [...contenders.keys()];
  const totals = new Map(names.map((name) => [name, new Total(name, contenders.get(name)!, load)]));
  for (let slice = 0; slice < SLICES; slice++) {
    for (let at = 0; at < names.length; at++) {
      totals.get(names[(at + run + slice) % names.length]!)!.serveSlice();
    }
  }
  const served = new Map([...totals].map(([name, total]) => [name, total.served()]));
  const line = [...served].map(([name, { perSecond }]) => `${name} ${Math.round(perSecond)}`);
  tell(`${run === 0 ? 'warm-up' : `run ${run}`}: ${line.join(', ')}`);
  return served;
}

/** What the slices of one contender come to. */
class Total {
  readonly #name: string;
  readonly #contender: Judged;
  readonly #load: Load;
  readonly #latencies = createLatencyHistogram();
  #answered = 0;
  #checked = 0;
  #sent = 0;
  #lost = 0;
  #elapsedMs = 0;
  #idleMs = 0;
  #cpuMs = 0;

  constructor(name: string, contender: Judged, load: Load) {
    this.#name = name;
    this.#contender = contender;
    this.#load = load;
  }

  serveSlice(): void {
    const { server, check, pid } = this.#contender;
    const options = { ...this.#load, server, check, checkEvery: CHECK_EVERY };
    runBatchLoad({ ...options, durationMs: WARM_UP_MS });
    const cpuBeforeMs = cpuMsOf(pid);
    const result = runBatchLoad({ ...options, durationMs: this.#load.durationMs / SLICES });
    this.#cpuMs += cpuMsOf(pid) - cpuBeforeMs;
    const { checked, wrong, examples } = result;
    if (wrong > 0) {
      const reasons = examples.join('; ');
      throw new Error(`${this.#name}: ${wrong} of ${checked} judged are wrong: ${reasons}`);
    }
    this.#checked += checked;
    this.#answered += result.answered;
    this.#sent += result.sent;
    this.#lost += result.lost;
    this.#elapsedMs += result.elapsedMs;
    this.#idleMs += result.idleShare * result.elapsedMs;
    this.#latencies.add(result.latencies);
  }

  served(): Served {
    if (this.#checked === 0) throw new Error(`${this.#name}: no answer came`);
    return {
      perSecond: (this.#answered * 1000) / this.#elapsedMs,
      perCpuSecond: (this.#answered * 1000) / this.#cpuMs,
      lostShare: this.#lost / this.#sent,
      p99Ms: this.#latencies.getValueAtPercentile(99) / 1000,
      generatorIdleShare: this.#idleMs / this.#elapsedMs,
    };
  }
}

/** How long the threads of a process and of its descendants have run. */
function cpuMsOf(pid: number): number {
  return processTree(pid).reduce((sum, process) => {
    const threads = readdirSync(`/proc/${process}/task`);
    return threads.reduce((ran, thread) => {
      const schedstat = readFileSync(`/proc/${process}/task/${thread}/schedstat`, 'latin1');
      return ran + Number(schedstat.split(' ')[0]) / 1e6;
    }, sum);
  }, 0);
}
