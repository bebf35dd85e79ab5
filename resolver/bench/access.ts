// What access costs over HTTP/1.1: lookups with rules, quotas and audit log beside lookups without any;
// credentials checked a second; and what plain lookups wait while forged credentials come in a flood.

import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCredential } from '../../ledger/credential-codec.ts';
import { privateKeyOf } from '../../ledger/ed25519.ts';
import { digitsOf } from '../../ledger/number.ts';
import { type BenchResult, runBench } from '../../wasm/bench/bench-report.ts';
import { ROUTING_INFO_PATH } from '../http/http-router.ts';
import { ENTRIES, FIRST_KEY, TERMINAL_SEED } from './bench-access-numbers.ts';
import { loadHttp } from './bench-http-load.ts';

const SERVER = fileURLToPath(new URL('./bench-access-server.js', import.meta.url));
const NETWORK = { mcc: '262', mnc: '01' };
const REQUESTS = 16_384;
const QUOTA = { perSecond: 1_000_000, burst: 1_000_000 };
/** Credentials of a run stay good for the run, whenever it begins. */
const WINDOW_MS = 300_000;

await runBench({
  name: 'access',
  about: 'Lookups with rules, audit log and credentials, beside lookups without.',
  options: {
    duration: { what: 'ms a figure', full: 2000, quick: 150, min: 50, max: 60_000 },
    connections: { what: 'connections', full: 64, quick: 4, min: 1, max: 1000 },
    credentials: { what: 'credentials a run', full: 40_000, quick: 3000, min: 100, max: 1_000_000 },
  },
  measure: ({ values, runs }) => measure(values, runs),
});

interface Values {
  duration: number;
  connections: number;
  credentials: number;
}

async function measure(values: Values, runs: number): Promise<BenchResult> {
  const { duration: durationMs, connections } = values;
  const directory = mkdtempSync(join(tmpdir(), 'bchf-bench-access-'));
  const children: ChildProcess[] = [];
  try {
    const rulesOf = (name: string, credential: string): string => {
      const path = join(directory, `${name}.json`);
      const from = { nfTypes: ['AMF'] };
      const others = Array.from({ length: 9 }, (_, at) => ({
        name: `other-${at}`,
        from: { subjects: [`other-${at}`] },
      }));
      const rule = { name: 'amfs', from, members: ['fi-example'], quota: QUOTA, credential };
      writeFileSync(path, JSON.stringify({ requesters: [...others, rule] }));
      return path;
    };
    const ruled = { accessRules: rulesOf('plain', 'optional') };
    const start = (flags: object) => startServer(flags, children);
    const servers = {
      open: await start({}),
      ruled: await start(ruled),
      masked: await start({ ...ruled, auditLog: join(directory, 'masked.log') }),
      hashed: await start({
        ...ruled,
        auditLog: join(directory, 'hashed.log'),
        auditNumbers: 'hashed',
      }),
      checked: await start({
        accessRules: rulesOf('checked', 'optional'),
        credentialWindowMs: WINDOW_MS,
      }),
    };
    const plain = Array.from({ length: REQUESTS }, (_, at) => requestOf(at * 6));
    const load = (port: number, requests: readonly Buffer[], status?: number) =>
      loadHttp({ port, connections, pipelining: 1, durationMs, requests, status });
    const figures: Record<string, number[]> = {};
    const note = (name: string, value: number) => {
      figures[name] ??= [];
      figures[name].push(value);
    };
    for (let run = 0; run <= runs; run++) {
      const good = credentialsOf(values.credentials, TERMINAL_SEED);
      const forged = credentialsOf(Math.min(values.credentials, 4096), new Uint8Array(32).fill(8));
      const perSecond: Record<string, number> = {};
      for (const name of ['open', 'ruled', 'masked', 'hashed'] as const) {
        perSecond[name] = await load(servers[name], plain);
      }
      const checked = await loadOnce(servers.checked, good, connections);
      const alone = await probe(servers.checked, plain, durationMs);
      const [underPlain] = await Promise.all([
        probe(servers.checked, plain, durationMs),
        load(servers.checked, plain),
      ]);
      const [underForged, forgedPerSecond] = await Promise.all([
        probe(servers.checked, plain, durationMs),
        load(servers.checked, forged, 403),
      ]);
      process.stderr.write(run === 0 ? 'warm-up done\n' : `run ${run} of ${runs} done\n`);
      if (run === 0) continue;
      note('openPerSecond', perSecond.open!);
      note('ruledRatio', perSecond.ruled! / perSecond.open!);
      note('maskedRatio', perSecond.masked! / perSecond.open!);
      note('hashedRatio', perSecond.hashed! / perSecond.open!);
      note('credentialsPerSecond', checked);
      note('forgedPerSecond', forgedPerSecond);
      note('aloneUsMedian', alone.medianUs);
      note('underPlainUsMedian', underPlain.medianUs);
      note('underForgedUsMedian', underForged.medianUs);
      note('aloneUsP99', alone.p99Us);
      note('underPlainUsP99', underPlain.p99Us);
      note('underForgedUsP99', underForged.p99Us);
    }
    return {
      notes: [
        `${ENTRIES} ported IMSIs, ${connections} connections, one serving thread, one thread of checks`,
        'ten rules, the last fits; members, a quota and the credential policy optional',
      ],
      figures: Object.entries(figures).map(([name, measured]) => ({ name, measured })),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

function ueIdOf(at: number): string {
  return `imsi-${digitsOf(FIRST_KEY + (at % ENTRIES))}`;
}

function requestOf(at: number, credential?: string): Buffer {
  const more = credential === undefined ? '' : `bchf-credential: ${credential}\r\n`;
  return Buffer.from(
    `GET ${ROUTING_INFO_PATH}${ueIdOf(at)} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: AMF\r\n` +
      `3gpp-Sbi-Originating-Network-Id: 262-01\r\n${more}\r\n`,
  );
}

function credentialsOf(count: number, seed: Uint8Array): Buffer[] {
  const privateKey = privateKeyOf(seed);
  const nonces = randomBytes(16 * count);
  const timeMs = Date.now();
  return Array.from({ length: count }, (_, at) => {
    const ueId = { identity: 'imsi' as const, key: FIRST_KEY + (at % ENTRIES) };
    const nonce = nonces.subarray(16 * at, 16 * (at + 1));
    const claims = { ueId, servingNetwork: NETWORK, timeMs, nonce };
    return requestOf(at, makeCredential(claims, privateKey));
  });
}

/** Sends every request once; how many a second were answered with 200. */
async function loadOnce(port: number, requests: Buffer[], connections: number): Promise<number> {
  const startedMs = performance.now();
  const share = Math.floor(requests.length / connections);
  await Promise.all(
    Array.from({ length: connections }, (_, at) =>
      loadHttp({
        port,
        connections: 1,
        pipelining: 1,
        requests: requests.slice(at * share, (at + 1) * share),
        responses: share,
      }),
    ),
  );
  return (connections * share * 1000) / (performance.now() - startedMs);
}

/** One plain lookup after the other over one connection; how long each took. */
async function probe(
  port: number,
  requests: readonly Buffer[],
  durationMs: number,
): Promise<{ medianUs: number; p99Us: number }> {
  const tookUs: number[] = [];
  const endMs = performance.now() + durationMs;
  for (let at = 0; performance.now() < endMs; at += 64) {
    await loadHttp({
      ...{ port, connections: 1, pipelining: 1, responses: 64 },
      requests: requests.slice(at % (REQUESTS - 64), (at % (REQUESTS - 64)) + 64),
      onResponse: (us) => tookUs.push(us),
    });
  }
  tookUs.sort((one, other) => one - other);
  const at = (share: number) => tookUs[Math.floor(tookUs.length * share)]!;
  return { medianUs: at(0.5), p99Us: at(0.99) };
}

async function startServer(flags: object, children: ChildProcess[]): Promise<number> {
  const child = fork(SERVER, [JSON.stringify(flags)]);
  children.push(child);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return port;
}
