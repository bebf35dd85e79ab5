// Discoveries by SUPI over HTTP/2 (h2c), beside a bare answer of `node:http2` of the same size.
//
// Both servers are processes of their own with one thread; this process loads one after the other
// within each run. Every request names another ported number.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { digitsOf } from '../../ledger/number.ts';
import { type BenchResult, runBench, tell } from '../../wasm/bench/bench-report.ts';
import { headerBlock, requestFields } from '../sbi/test/h2-frames.ts';
import { openH2, send } from '../sbi/test/h2-requests.ts';
import { cpuSeconds } from './bench-cpu.ts';
import { loadHttp2 } from './bench-http2-load.ts';
import { FIRST_KEY, SPACING } from './bench-http2-numbers.ts';

const SERVER = fileURLToPath(new URL('./bench-http2-server.js', import.meta.url));
const BLOCKS = 16_384;
/** Slices of each measurement, the two servers in turn: what disturbs a shared machine disturbs both. */
const SLICES = 6;

await runBench({
  name: 'http2',
  about: 'Discoveries by SUPI over HTTP/2, beside a bare node:http2 answer of the same size.',
  options: {
    entries: { what: 'ported numbers', full: 1_000_000, quick: 10_000, min: 1000, max: 10_000_000 },
    duration: { what: 'ms a figure', full: 3000, quick: 200, min: 50, max: 60_000 },
    connections: { what: 'connections', full: 8, quick: 2, min: 1, max: 256 },
    streams: { what: 'streams under way on each', full: 32, quick: 8, min: 1, max: 100 },
  },
  measure: ({ values, runs }) => measure(values, runs),
});

interface Values {
  entries: number;
  duration: number;
  connections: number;
  streams: number;
}

async function measure(values: Values, runs: number): Promise<BenchResult> {
  const { entries, duration, connections, streams } = values;
  const children: ChildProcess[] = [];
  try {
    const ours = await startServer(['sbi', String(entries)], children);
    const bodyBytes = await answerBytes(ours.port);
    const bare = await startServer(['bare', String(bodyBytes)], children);
    const blocks = Array.from({ length: BLOCKS }, (_, at) =>
      headerBlock(requestFields(pathOf(Math.floor((at * entries) / BLOCKS)))),
    );
    const durationMs = duration / SLICES;
    const total = async ({ port, pid }: Server, sum: Served) => {
      const cpuBefore = cpuSeconds(pid);
      const perSecond = await loadHttp2({ port, connections, streams, durationMs, blocks });
      // What is under way before and after the counted time is a few in a thousand.
      sum.cpuSeconds += cpuSeconds(pid) - cpuBefore;
      sum.perSecond += perSecond / SLICES;
      sum.requests += (perSecond * durationMs) / 1000;
    };
    const figures: Record<string, number[]> = {};
    const note = (name: string, value: number) => {
      figures[name] ??= [];
      figures[name].push(value);
    };
    for (let run = 0; run <= runs; run++) {
      const [served, bareServed] = [emptySum(), emptySum()];
      for (let slice = 0; slice < SLICES; slice++) {
        await total(ours, served);
        await total(bare, bareServed);
      }
      tell(run === 0 ? 'warm-up done' : `run ${run} of ${runs} done`);
      if (run === 0) continue;
      const [costUs, bareCostUs] = [served, bareServed].map(
        (sum) => (sum.cpuSeconds * 1e6) / sum.requests,
      ) as [number, number];
      note('requestsPerSecond', served.perSecond);
      note('bareHttp2', bareServed.perSecond);
      note('ratio', served.perSecond / bareServed.perSecond);
      note('cpuUsPerRequest', costUs);
      note('bareCpuUsPerRequest', bareCostUs);
      note('cpuRatio', bareCostUs / costUs);
    }
    return {
      notes: [
        `${entries} ported numbers; ${connections} connections, ${streams} streams on each`,
        `answers of ${bodyBytes} bytes; one serving thread`,
      ],
      figures: Object.entries(figures).map(([name, measured]) => ({ name, measured })),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

interface Served {
  perSecond: number;
  requests: number;
  cpuSeconds: number;
}

function emptySum(): Served {
  return { perSecond: 0, requests: 0, cpuSeconds: 0 };
}

interface Server {
  port: number;
  pid: number;
}

function pathOf(number: number): string {
  const supi = `imsi-${digitsOf(FIRST_KEY + number * SPACING)}`;
  return `/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF&supi=${supi}`;
}

async function startServer(args: string[], children: ChildProcess[]): Promise<Server> {
  const child = fork(SERVER, args);
  children.push(child);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { port, pid: child.pid! };
}

async function answerBytes(port: number): Promise<number> {
  const session = openH2(`http://127.0.0.1:${port}`);
  const { text } = await send(session, pathOf(0));
  session.destroy();
  return Buffer.byteLength(text);
}
