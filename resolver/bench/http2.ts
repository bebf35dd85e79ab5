// Discoveries by SUPI over HTTP/2 (h2c), beside a bare answer of `node:http2` of the same size.
//
// Both servers are processes of their own with one thread; this process loads one after the other
// within each run. Every request names another ported number.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { digitsOf } from '../../ledger/number.ts';
import { type BenchResult, runBench } from '../../wasm/bench/bench-report.ts';
import { headerBlock, requestFields } from '../sbi/test/h2-frames.ts';
import { openH2, send } from '../sbi/test/h2-requests.ts';
import { loadHttp2 } from './bench-http2-load.ts';
import { FIRST_KEY, SPACING } from './bench-http2-numbers.ts';

const SERVER = fileURLToPath(new URL('./bench-http2-server.js', import.meta.url));
const BLOCKS = 16_384;

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
  const { entries, duration: durationMs, connections, streams } = values;
  const children: ChildProcess[] = [];
  try {
    const port = await startServer(['sbi', String(entries)], children);
    const bodyBytes = await answerBytes(port);
    const barePort = await startServer(['bare', String(bodyBytes)], children);
    const blocks = Array.from({ length: BLOCKS }, (_, at) =>
      headerBlock(requestFields(pathOf(Math.floor((at * entries) / BLOCKS)))),
    );
    const load = (of: number) => loadHttp2({ port: of, connections, streams, durationMs, blocks });
    const [ours, bare, ratios]: [number[], number[], number[]] = [[], [], []];
    for (let run = 0; run <= runs; run++) {
      const requestsPerSecond = await load(port);
      const barePerSecond = await load(barePort);
      process.stderr.write(run === 0 ? 'warm-up done\n' : `run ${run} of ${runs} done\n`);
      if (run === 0) continue;
      ours.push(requestsPerSecond);
      bare.push(barePerSecond);
      ratios.push(requestsPerSecond / barePerSecond);
    }
    return {
      notes: [
        `${entries} ported numbers; ${connections} connections, ${streams} streams on each`,
        `answers of ${bodyBytes} bytes; one serving thread`,
      ],
      figures: [
        { name: 'requestsPerSecond', measured: ours },
        { name: 'bareHttp2', measured: bare },
        { name: 'ratio', measured: ratios },
      ],
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

function pathOf(number: number): string {
  const supi = `imsi-${digitsOf(FIRST_KEY + number * SPACING)}`;
  return `/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF&supi=${supi}`;
}

async function startServer(args: string[], children: ChildProcess[]): Promise<number> {
  const child = fork(SERVER, args);
  children.push(child);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return port;
}

async function answerBytes(port: number): Promise<number> {
  const session = openH2(`http://127.0.0.1:${port}`);
  const { text } = await send(session, pathOf(0));
  session.destroy();
  return Buffer.byteLength(text);
}
