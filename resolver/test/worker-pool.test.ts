// Serving threads that fail: what is answered meanwhile, and what is left when they are replaced.
//
// A thread is made to fail by damaging the index's memory under it: the next lookup traps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { createWasmIndex, type WasmIndex } from '../../wasm/wasm-index.ts';
import { openReader } from '../../wasm/wasm-reader.ts';
import { configure, servingOptions } from '../config.ts';
import { COUNTER_TABLE, HISTOGRAM_TABLE } from '../counter-table.ts';
import { defaultEnumSettings } from '../enum/enum-settings.ts';
import { encodeLabel, NewestBlock } from '../freshness.ts';
import type { Log } from '../log.ts';
import { SharedCounters } from '../metrics/shared-counters.ts';
import { FREE_PORTS, freeTcpPort } from '../probe-ports.ts';
import type { ResolverError } from '../resolver-error.ts';
import { loadSbi } from '../sbi/sbi-settings.ts';
import { type Service, startService } from '../service.ts';
import type { IndexPair } from '../snapshot/snapshot-file.ts';
import { openBatchClient } from '../udp/batch-client.ts';
import { WorkerPool } from '../worker-pool.ts';
import { exampleRoute } from './example-route.ts';

const NUMBER = 1358401234567;
const blockAt = (height: number) => ({
  height,
  blockHash: new Uint8Array(32).fill(height),
  timeMs: 0,
});

function smallIndexes(): IndexPair {
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  indexes.imsi.apply([], encodeLabel(blockAt(1)));
  indexes.msisdn.apply(
    [{ entry: 'ported', from: NUMBER, to: NUMBER, route: 0 }],
    encodeLabel(blockAt(1)),
  );
  return indexes;
}

/** HEADER_CURRENT of wasm/assembly/layout: where the current version lies. */
const CURRENT_VERSION_AT = 72;

/** Makes every lookup read outside of the memory, and so trap; returns what undoes it. */
function damage({ memory }: WasmIndex): () => void {
  const words = new DataView(memory.buffer);
  const before = words.getUint32(CURRENT_VERSION_AT, true);
  words.setUint32(CURRENT_VERSION_AT, 0xffff_ff00, true);
  return () => words.setUint32(CURRENT_VERSION_AT, before, true);
}

/** A log that keeps what it was told. */
function recordingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { log: pino({ level: 'warn' }, { write: (line: string) => lines.push(line) }), lines };
}

const replacements = (lines: string[]) =>
  lines.filter((line) => line.includes('thread is replaced')).length;

async function withService(
  workers: number,
  action: (service: Service, indexes: IndexPair, logged: string[]) => Promise<void>,
  more: Record<string, unknown> = {},
): Promise<void> {
  const indexes = smallIndexes();
  const flags = {
    ...FREE_PORTS,
    workers,
    udpWorkers: 1,
    sbiWorkers: 0,
    ...more,
  };
  const failures: ResolverError[] = [];
  const { log, lines } = recordingLog();
  const service = await startService({
    config: configure(servingOptions, { flags, environment: {} }).values,
    indexes,
    routes: [exampleRoute('a')],
    newestBlock: new NewestBlock(),
    log,
    onFailure: (error) => failures.push(error),
  });
  try {
    await action(service, indexes, lines);
  } finally {
    await service.stop();
  }
  assert.deepEqual(failures, []);
}

async function ask(port: number) {
  const url = `http://127.0.0.1:${port}/nbchf-routing/v1/routing-info/msisdn-358401234567`;
  const response = await fetch(url, { headers: { connection: 'close' } });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

/** Tries until there is a value. Gives up in the end, so that a fault does not hang the tests. */
async function eventually<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let count = 0; count < 1000; count++) {
    const value = await attempt();
    if (value !== undefined) return value;
    await sleep(20);
  }
  assert.fail('it does not come to pass');
}

/** Asks until the answer has a status; connections are refused while a thread is replaced. */
function askUntil(port: number, status: number) {
  return eventually(async () => {
    const answer = await ask(port).catch(() => undefined);
    return answer?.status === status ? answer : undefined;
  });
}

async function counted(service: Service, status: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${service.ports.admin}/metrics`)).text();
  return Number(new RegExp(`^bchf_http_answered_${status}_total (\\d+)`, 'm').exec(text)?.[1]);
}

test('a trap is answered with 500, ends its thread, and the next one answers and counts on', async () => {
  await withService(1, async (service, indexes, logged) => {
    const { http } = service.ports;
    assert.equal((await ask(http)).status, 200);
    for (let deaths = 1; deaths <= 3; deaths++) {
      const repair = damage(indexes.msisdn);
      const { body } = await askUntil(http, 500);
      assert.equal(body.cause, 'SYSTEM_FAILURE');
      repair();
      await eventually(async () => replacements(logged) === deaths || undefined);
      const { body: answer } = await askUntil(http, 200);
      assert.equal(answer.route.id, 'a');
      await eventually(async () => (await counted(service, 200)) > deaths || undefined);
      assert.ok((await counted(service, 500)) >= deaths);
    }
    assert.equal(service.status().workers, 2);
    assert.ok(logged.some((line) => line.includes('the number index trapped')));
    // The places of the writer, of the living thread, of that of UDP, and this test's own: the dead gave
    // theirs back.
    assert.equal(openReader(indexes.msisdn.memory).readerNumber, 3);
  });
});

async function metric(service: Service, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${service.ports.admin}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

for (const udpAdapter of ['auto', 'dgram']) {
  test(`a thread of UDP that dies is replaced at its sockets, and nobody else notices (${udpAdapter})`, async () => {
    const more = { udpAdapter, udpWorkers: 2 };
    await withService(
      1,
      async (service, indexes, logged) => {
        const { batch, http } = service.ports;
        const answersOf = async () => {
          const client = await openBatchClient({
            host: '127.0.0.1',
            port: batch,
            timeoutMs: 100,
            retries: 100,
          });
          const { answers } = await client.lookup('msisdn', [NUMBER]);
          await client.close();
          return answers.map(({ status }) => status);
        };
        assert.deepEqual(await answersOf(), ['found']);
        const repair = damage(indexes.msisdn);
        const asked = answersOf();
        await eventually(async () => replacements(logged) > 0 || undefined);
        repair();
        assert.deepEqual(await asked, ['found']);
        assert.equal(service.ports.batch, batch);
        assert.equal((await ask(http)).status, 200);
        await eventually(async () => {
          const total = await metric(service, 'bchf_batch_lookup_requests_total');
          return total >= 2 || undefined;
        });
        await eventually(async () => service.status().workers === 3 || undefined);
      },
      more,
    );
  });
}

test('a block without new routes does not overtake the one before it that has some', async () => {
  await withService(2, async (service, indexes) => {
    const heights: number[] = [];
    const heightOf = () => new DataView(indexes.msisdn.label().slice().buffer).getFloat64(0, true);
    const routes = [{ number: 1, route: exampleRoute('b') }];
    const moved = { identity: 'msisdn', entry: 'ported', from: NUMBER, to: NUMBER } as const;
    await Promise.all([
      service
        .applyBlock(blockAt(2), [{ ...moved, route: 1 }], routes)
        .then(() => heights.push(heightOf())),
      service.applyBlock(blockAt(3), [{ ...moved, route: 0 }], []),
    ]);
    heights.push(heightOf());
    assert.deepEqual(heights, [2, 3]);
    const { body } = await ask(service.ports.http);
    assert.deepEqual([body.ledger.height, body.route.id], [3, 'a']);
  });
});

test('routes are published and the service stops while a thread is being replaced', async () => {
  await withService(2, async (service, indexes) => {
    const repair = damage(indexes.msisdn);
    await askUntil(service.ports.http, 500);
    repair();
    const publishing = [2, 3, 4].map((height) =>
      service.applyBlock(blockAt(height), [], [{ number: 1, route: exampleRoute(`b${height}`) }]),
    );
    await Promise.all(publishing);
  });
});

test('a replacement that cannot open its sockets is replaced in its turn', async () => {
  const indexes = smallIndexes();
  const counters = new SharedCounters(COUNTER_TABLE, 1);
  let starts = 0;
  const config = configure(servingOptions, { flags: {}, environment: {} }).values;
  const sbi = await loadSbi(config);
  const pool = await WorkerPool.start({
    workerCount: 1,
    sbiWorkerCount: 0,
    udp: { threads: 0, startOf: () => assert.fail('no thread of UDP'), wake: () => {} },
    ports: { http: await freeTcpPort('127.0.0.1'), batch: 0, enum: 0, pdb: 0, sbi: 0 },
    sharing: { http: false, tcp: false },
    startOf: () => {
      starts++;
      return {
        workerCount: 1,
        generation: {
          number: 1,
          memories: { imsi: indexes.imsi.memory, msisdn: indexes.msisdn.memory },
          routes: { version: 1, routes: [{ number: 0, route: exampleRoute('a') }] },
          carrierTable: 0,
        },
        newestBlock: new NewestBlock().buffer,
        counters: counters.buffer,
        histograms: new SharedCounters(HISTOGRAM_TABLE, 1).buffer,
        // Of TEST-NET-3 (RFC 5737): no machine has it.
        host: starts === 2 ? '203.0.113.1' : '127.0.0.1',
        sbi: sbi.settings,
        enumSettings: defaultEnumSettings('e164.arpa', 'ns.example.org', () => '0'.repeat(32)),
        followsLedger: false,
        changeStreamsMax: { http: 10, sbi: 10 },
        httpOpenFilesMax: 0,
        access: undefined,
        httpTls: undefined,
      };
    },
    metrics: async () => '',
    askNrf: () => Promise.reject(new Error('nobody serves the interface that would ask')),
    log: recordingLog().log,
    now: () => 0,
    onDeath: (_generation, { imsi, msisdn }) => {
      indexes.imsi.evictReader(imsi);
      indexes.msisdn.evictReader(msisdn);
    },
    onFailure: assert.ifError,
  });
  try {
    const { http } = pool.ports;
    const repair = damage(indexes.msisdn);
    await askUntil(http, 500);
    repair();
    await eventually(async () => starts === 3 || undefined);
    assert.equal((await askUntil(http, 200)).body.route.id, 'a');
  } finally {
    await pool.stop();
  }
});
