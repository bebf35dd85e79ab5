// Single lookups and batches over HTTP/1.1, beside a bare answer of uWebSockets.js of the same size.
//
// Both servers are processes of their own with one serving thread; this process loads one after the
// other within each run. What a request costs a server is told by its processor time too, because on
// two cores a generator in JavaScript is about as busy as the server.

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { digitsOf } from '../../ledger/number.ts';
import type { Route } from '../../ledger/route.ts';
import { type BenchResult, runBench } from '../../wasm/bench/bench-report.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { COMPACT_TYPE } from '../http/batch-body-codec.ts';
import { BATCH_PATH, ROUTING_INFO_PATH } from '../http/http-router.ts';
import { loadUWebSockets } from '../http/uwebsockets.ts';
import { writeSnapshot } from '../snapshot/snapshot-file.ts';
import { writeNumber } from '../udp/batch-codec.ts';
import { cpuSeconds } from './bench-cpu.ts';
import { loadHttp } from './bench-http-load.ts';

const COMMAND = fileURLToPath(new URL('./bench-bchf-command.js', import.meta.url));
const BARE = fileURLToPath(new URL('./bench-http-bare.js', import.meta.url));
const FIRST_KEY = 1_8613_000_000_000;
const ROUTES = 64;
const BATCH_NUMBERS = 1000;
/** One number in ten is ported, so that the numbers lie apart as they do in a country. */
const SPACING = 10;

await runBench({
  name: 'http',
  about: 'Lookups over HTTP/1.1, single and in batches, beside a bare answer of the same size.',
  options: {
    entries: { what: 'ported numbers', full: 1_000_000, quick: 10_000, min: 1000, max: 10_000_000 },
    duration: { what: 'ms a figure', full: 3000, quick: 200, min: 50, max: 60_000 },
    connections: { what: 'connections', full: 64, quick: 4, min: 1, max: 1000 },
    pipelining: { what: 'requests under way on each', full: 1, quick: 1, min: 1, max: 100 },
  },
  measure: ({ values, runs, seed }) => measure(values, runs, seed),
});

interface Values {
  entries: number;
  duration: number;
  connections: number;
  pipelining: number;
}

async function measure(values: Values, runs: number, seed: number): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-http-'));
  const children: ChildProcess[] = [];
  try {
    const snapshot = join(directory, 'bench.bchf');
    await makeSnapshot(snapshot, values.entries);
    const serving = await startServing(snapshot, children);
    const keys = drawKeys(values.entries, seed, 65_536);
    const bodyBytes = await averageBodyBytes(serving.port, keys);
    const bare = await startBare(bodyBytes, children);
    const singles = keys.map((key) =>
      Buffer.from(
        `GET ${ROUTING_INFO_PATH}msisdn-${digitsOf(key)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      ),
    );
    const json = batchesOf(keys, jsonBatch);
    const compact = batchesOf(keys, compactBatch);
    const { duration: durationMs, connections, pipelining } = values;
    const load = (port: number, requests: Buffer[]) =>
      loadHttp({ port, connections, pipelining, durationMs, requests });
    const figures: Record<string, number[]> = {};
    const note = (name: string, value: number) => {
      figures[name] ??= [];
      figures[name].push(value);
    };
    for (let run = 0; run <= runs; run++) {
      const before = [serving.pid, bare.pid].map(cpuSeconds);
      const requestsPerSecond = await load(serving.port, singles);
      const between = [serving.pid, bare.pid].map(cpuSeconds);
      const bareUws = await load(bare.port, singles);
      const after = [serving.pid, bare.pid].map(cpuSeconds);
      const batch = await load(serving.port, json);
      const compactBatch = await load(serving.port, compact);
      process.stderr.write(run === 0 ? 'warm-up done\n' : `run ${run} of ${runs} done\n`);
      if (run === 0) continue;
      note('requestsPerSecond', requestsPerSecond);
      note('bareUws', bareUws);
      note('ratio', requestsPerSecond / bareUws);
      const costUs = ((between[0]! - before[0]!) / requestsPerSecond / durationMs) * 1e9;
      const bareCostUs = ((after[1]! - between[1]!) / bareUws / durationMs) * 1e9;
      note('cpuUsPerRequest', costUs);
      note('bareCpuUsPerRequest', bareCostUs);
      note('batchLookupsPerSecond', batch * BATCH_NUMBERS);
      note('lookupsPerSecond', compactBatch * BATCH_NUMBERS);
    }
    const bars = { ratio: { atLeast: 0.85 }, lookupsPerSecond: { atLeast: 1_000_000 } };
    return {
      notes: [
        `${values.entries} ported numbers, ${connections} connections, ${pipelining} requests under way on each`,
        `answers of ${bodyBytes} bytes; batches of ${BATCH_NUMBERS} numbers; one serving thread`,
        `uWebSockets.js: ${loadUWebSockets().isNative ? 'native' : 'JavaScript stand-in'}`,
      ],
      figures: Object.entries(figures).map(([name, measured]) => ({
        name,
        measured,
        bar: bars[name as keyof typeof bars],
      })),
      ...(values.duration < 1000 && { unjudged: 'runs are too short' }),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

function route(number: number): Route {
  const digits = String(number).padStart(2, '0');
  return {
    id: `udm-${digits}`,
    member: `member-${digits}`,
    plmn: { mcc: '460', mnc: digits },
    nfType: 'UDM',
    nfInstanceId: `5f0c54f4-6dc1-4b6c-8b6f-0000000000${digits}`,
    fqdn: `udm.5gc.mnc0${digits}.mcc460.3gppnetwork.org`,
    ipv4Addresses: [`192.0.2.${number}`],
    port: 7777,
    groupId: `group-${digits}`,
  };
}

async function makeSnapshot(path: string, entries: number): Promise<void> {
  const [imsi, msisdn] = [createWasmIndex(), createWasmIndex()];
  const step = 10_000;
  for (let at = 0; at < entries; at += step) {
    msisdn.apply(
      Array.from({ length: Math.min(step, entries - at) }, (_, one) => {
        const key = FIRST_KEY + (at + one) * SPACING;
        return { entry: 'ported' as const, from: key, to: key, route: (at + one) % ROUTES };
      }),
    );
  }
  const routes = Array.from({ length: ROUTES }, (_, number) => route(number));
  const block = { height: 0, blockHash: new Uint8Array(32), timeMs: 0 };
  await writeSnapshot(path, { indexes: { imsi, msisdn }, routes, block }, 0);
}

/** Ported numbers drawn uniformly. */
function drawKeys(entries: number, seed: number, count: number): number[] {
  let state = (seed ^ 0x9e37_79b9) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return FIRST_KEY + Math.floor((state / 2 ** 32) * entries) * SPACING;
  });
}

function batchesOf(keys: number[], batch: (keys: number[]) => Buffer): Buffer[] {
  const batches: Buffer[] = [];
  for (let at = 0; at + BATCH_NUMBERS <= keys.length; at += BATCH_NUMBERS) {
    batches.push(batch(keys.slice(at, at + BATCH_NUMBERS)));
  }
  return batches;
}

function jsonBatch(keys: number[]): Buffer {
  const body = JSON.stringify(keys.map((key) => `msisdn-${digitsOf(key)}`));
  return postOf(BATCH_PATH, 'application/json', Buffer.from(body));
}

function compactBatch(keys: number[]): Buffer {
  const body = Buffer.alloc(keys.length * 8);
  keys.forEach((key, at) => {
    writeNumber(body, at * 8, key);
  });
  return postOf(`${BATCH_PATH}?identity=msisdn`, COMPACT_TYPE, body);
}

function postOf(path: string, type: string, body: Buffer): Buffer {
  const head =
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n` +
    `Content-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

/** The product itself, with one serving thread. */
async function startServing(
  snapshot: string,
  children: ChildProcess[],
): Promise<{ port: number; pid: number }> {
  const args = ['--snapshot', snapshot, '--workers', '1', '--json'];
  const ports = ['http', 'udp', 'pdb', 'enum', 'sbi', 'admin'].map((name) => `--${name}-port`);
  const child = spawn(
    process.execPath,
    [COMMAND, 'serve', ...args, ...ports.flatMap((flag) => [flag, '0'])],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.push(child);
  for await (const line of createInterface(child.stdout)) {
    const { ports: listening } = JSON.parse(line);
    return { port: listening.http, pid: child.pid! };
  }
  throw new Error('bchf serve has ended');
}

async function startBare(
  bodyBytes: number,
  children: ChildProcess[],
): Promise<{ port: number; pid: number }> {
  const child = fork(BARE, [String(bodyBytes)]);
  children.push(child);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { port, pid: child.pid! };
}

/** Asks for some of the numbers and checks that each is answered as ported. */
async function averageBodyBytes(port: number, keys: number[]): Promise<number> {
  const asked = keys.slice(0, 256);
  let bytes = 0;
  for (const key of asked) {
    const path = `${ROUTING_INFO_PATH}msisdn-${digitsOf(key)}`;
    const text = await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
    const { match, route: found } = JSON.parse(text);
    const position = (key - FIRST_KEY) / SPACING;
    if (match.from !== digitsOf(key) || found.id !== route(position % ROUTES).id) {
      throw new Error(`a wrong answer for ${digitsOf(key)}: ${text}`);
    }
    bytes += text.length;
  }
  return Math.round(bytes / asked.length);
}
