// Swaps under load over every interface, with contents that take turns; every answer is held against the
// content that it says it is of. The tests swap a few times, swap-load.slow.ts a hundred.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digitsOf } from '../../ledger/number.ts';
import { configure, servingOptions } from '../config.ts';
import { NewestBlock } from '../freshness.ts';
import { createLog } from '../log.ts';
import { FREE_PORTS } from '../probe-ports.ts';
import { openH2, send } from '../sbi/test/h2-requests.ts';
import { type Service, startService } from '../service.ts';
import { loadSnapshot } from '../snapshot/snapshot-file.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import type { SnapshotSource } from '../snapshot/swap-types.ts';
import { openBatchClient } from '../udp/batch-client.ts';
import { askEnumTcp, askEnumUdp } from './clients.ts';
import { expectedRoute, numbers, routesOf, writeContent } from './swap-content.ts';

const CONTENTS = [1, 2] as const;
const BATCH = 100;
/** Numbers of a JSON batch that is too long for the serving thread: see INLINE_BYTES_MAX. */
const LONG_BATCH = 4_000;
/** So that the thread that loads gets its turn on a machine that runs other tests too. */
const PAUSE_MS = 3;

export const silentLog = () => createLog('silent', 'text');

/** What `bchf serve` does, in this process; by default of the first content, from a directory. */
export async function serveContents(
  directory: string,
  more: Partial<SnapshotSource> = {},
  flags: Record<string, unknown> = {},
): Promise<Service> {
  const store = new SnapshotStore(directory, silentLog());
  const name = more.origin?.name ?? '1.bchf';
  const { indexes, routes, block, manifest } = await loadSnapshot(join(directory, name));
  const config = configure(servingOptions, {
    flags: {
      ...FREE_PORTS,
      ...{ workers: 2, udpWorkers: 2, sbiWorkers: 1 },
      ...flags,
    },
    environment: {},
  }).values;
  return startService({
    ...{ config, indexes, routes, log: silentLog(), newestBlock: new NewestBlock() },
    snapshots: {
      store,
      origin: { name, chainId: block.chainId, manifestHash: manifest.manifestHash },
      signers: [],
      kept: 0,
      changePercentMax: 5,
      // So that swaps get on beside other tests; the bench `snapshot` measures the other one.
      loadPriority: 'normal',
      previousKeptS: 60,
      everyBlocks: 0,
      everyMinutes: 0,
      ...more,
    },
    onFailure: (error) => {
      throw error;
    },
  });
}

/** The content that a route id is of, where it is the one that the number at a place has there. */
function contentOfRoute(id: string, at: number): number {
  const content = Number(/-(\d+)$/.exec(id)?.[1]);
  assert.ok(CONTENTS.includes(content as 1), id);
  assert.equal(id, expectedRoute(content, at));
  return content;
}

/** Places of numbers, other ones at each call. */
export function* places(): Generator<number[], never> {
  for (let at = 0; ; at = (at + 37) % numbers.length) {
    yield Array.from({ length: BATCH }, (_, step) => (at + step) % numbers.length);
  }
}

/** One question on an interface and what its answers are held against; returns numbers answered. */
type Ask = (at: number[]) => Promise<number>;

export interface LoadTally {
  /** Numbers answered, by interface. */
  answered: Record<string, number>;
  failures: string[];
}

/** Opens a client of every interface of who serves one of the contents. */
export async function openClients({
  http,
  batch,
  enum: enumPort,
  pdb,
  sbi,
}: Pick<Service['ports'], 'http' | 'batch' | 'enum' | 'pdb' | 'sbi'>): Promise<{
  asks: Record<string, Ask>;
  close(): void;
}> {
  const base = `http://127.0.0.1:${http}/nbchf-routing/v1/routing-info`;
  const batchClient = await openBatchClient({ host: '127.0.0.1', port: batch, timeoutMs: 2000 });
  const session = openH2(`http://127.0.0.1:${sbi}`);
  const pdbSocket = dgram.createSocket('udp4');

  const single: Ask = async ([at]) => {
    const response = await fetch(`${base}/msisdn-${digitsOf(numbers[at!]!)}`);
    assert.equal(response.status, 200);
    const { route, ledger } = (await response.json()) as {
      route: { id: string; member: string };
      ledger: { height: number };
    };
    const content = contentOfRoute(route.id, at!);
    assert.deepEqual([route.member, ledger.height], [`member-${content}`, content]);
    return 1;
  };

  const jsonBatch =
    (count: number): Ask =>
    async (some) => {
      const at = Array.from({ length: count }, (_, step) => some[step % some.length]!);
      const response = await fetch(`${base}/batch`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(at.map((one) => `msisdn-${digitsOf(numbers[one]!)}`)),
      });
      assert.equal(response.status, 200);
      const { ledger, routes, results } = (await response.json()) as {
        ledger: { height: number };
        routes: Record<string, { id: string }>;
        results: { route: number }[];
      };
      assert.equal(results.length, count);
      for (const [step, { route }] of results.entries()) {
        assert.equal(contentOfRoute(routes[route]!.id, at[step]!), ledger.height);
      }
      return count;
    };

  const udpBatch: Ask = async (at) => {
    const { answers, height } = await batchClient.lookup(
      'msisdn',
      at.map((one) => numbers[one]!),
    );
    const ids = routesOf(height).map(({ id }) => id);
    for (const [step, answer] of answers.entries()) {
      assert.ok(answer.status === 'found');
      assert.equal(ids[answer.routeNumber], expectedRoute(height, at[step]!));
    }
    return at.length;
  };

  const askEnum =
    (ask: typeof askEnumUdp): Ask =>
    async (at) => {
      const replies = await ask(
        enumPort,
        at.map((one) => numbers[one]!),
      );
      for (const [step, reply] of replies.entries()) {
        const [first] = reply.answers;
        const regexp = first?.data.kind === 'naptr' ? first.data.regexp : '';
        const digits = digitsOf(numbers[at[step]!]!);
        const ofContents = CONTENTS.map(
          (content) =>
            `!^.*$!sip:+${digits}@ims.mnc0${10 + content}.mcc244.3gppnetwork.org;user=phone!`,
        );
        assert.ok(ofContents.includes(regexp), regexp);
      }
      return at.length;
    };

  let pdbAnswered: (message: Uint8Array) => void = () => {};
  pdbSocket.on('message', (message) => pdbAnswered(message));
  const askPdb: Ask = async ([at]) => {
    const message = await new Promise<Uint8Array>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('pdb does not answer')), 2000);
      pdbAnswered = (received) => {
        clearTimeout(timer);
        resolve(received);
      };
      pdbSocket.send(`${digitsOf(numbers[at!]!)}\0`, pdb, '127.0.0.1');
    });
    const carrier = Buffer.from(message).readUInt16BE(message.length - 2);
    const possible = CONTENTS.map((content) => carrierOf(expectedRoute(content, at!)));
    assert.ok(possible.includes(carrier), `carrier ${carrier}`);
    return 1;
  };

  const askSbi: Ask = async ([at]) => {
    const ueId = `msisdn-${digitsOf(numbers[at!]!)}`;
    const { status, json } = await send(session, `/nmnpf-npstatus/v1/${ueId}`);
    assert.equal(status, 200);
    assert.ok(['11', '12'].includes(json.subscriptionNetwork.mnc));
    const groups = await send(
      session,
      `/nudr-group-id-map/v1/nf-group-ids?nf-type=UDM&subscriberId=${ueId}`,
    );
    assert.ok(['group-1', 'group-2'].includes(groups.json.UDM));
    return 2;
  };

  const discovery: Ask = async ([at]) => {
    const { status, json } = await send(
      session,
      '/nnrf-disc/v1/nf-instances?target-nf-type=UDM&requester-nf-type=AMF' +
        `&msisdn=${digitsOf(numbers[at!]!)}`,
    );
    assert.equal(status, 200);
    const [{ plmnList, udmInfo }] = json.nfInstances;
    const content = Number(plmnList[0].mnc) - 10;
    assert.ok(CONTENTS.includes(content as 1), `content ${content}`);
    assert.equal(udmInfo.groupId, `group-${content}`);
    return 1;
  };

  return {
    asks: {
      http: single,
      httpBatch: jsonBatch(BATCH),
      httpLongBatch: jsonBatch(LONG_BATCH),
      udpBatch,
      enumUdp: askEnum(askEnumUdp),
      enumTcp: askEnum(askEnumTcp),
      pdb: askPdb,
      sbi: askSbi,
      discovery,
    },
    close() {
      batchClient.close();
      session.close();
      pdbSocket.close();
    },
  };
}

/** Carrier ids that no two routes share, so that a wrong table shows. */
const carrierOf = (id: string): number => (id.startsWith('first') ? 100 : 200) + Number(id.at(-1));

/** The carrier ids as `--pdb-carriers` reads them. */
export function writeCarriers(path: string): void {
  const ids = CONTENTS.flatMap((content) => [`first-${content}`, `second-${content}`]);
  const routes = Object.fromEntries(ids.map((id) => [id, carrierOf(id)]));
  writeFileSync(path, JSON.stringify({ routes }));
}

/** Asks on every interface, each client as fast as it gets answers, while `action` runs. */
async function underLoad(service: Service, action: () => Promise<void>): Promise<LoadTally> {
  const { asks, close } = await openClients(service.ports);
  const tally: LoadTally = { answered: {}, failures: [] };
  let isOver = false;
  const clients = Object.entries(asks).map(async ([name, ask]) => {
    tally.answered[name] = 0;
    for (const at of places()) {
      if (isOver) return;
      try {
        tally.answered[name]! += await ask(at);
        await sleep(PAUSE_MS);
      } catch (error) {
        tally.failures.push(`${name}: ${(error as Error).message}`);
        if (tally.failures.length > 20) return;
      }
    }
  });
  try {
    await action();
  } finally {
    isOver = true;
    await Promise.all(clients);
    close();
  }
  return tally;
}

export interface SwapRun extends LoadTally {
  /** Resident bytes of the process after each swap. */
  residentBytes: number[];
  /** Bytes of addresses that it has taken; 0 where the system does not tell. */
  addressBytes: number[];
  generation: number;
}

/** Swaps to and fro between two contents, under load. */
export async function swapUnderLoad(swaps: number): Promise<SwapRun> {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-swap-'));
  const pdbCarriers = join(directory, 'carriers.json');
  writeCarriers(pdbCarriers);
  for (const content of CONTENTS) await writeContent(join(directory, `${content}.bchf`), content);
  const service = await serveContents(directory, { previousKeptS: 0 }, { pdbCarriers });
  const residentBytes: number[] = [];
  const addressBytes: number[] = [];
  try {
    const tally = await underLoad(service, async () => {
      for (let swap = 0; swap < swaps; swap++) {
        const name = `${2 - (swap % 2)}.bchf`;
        const { serving } = await service.snapshots!.swap({ name, force: true });
        assert.equal(serving, name);
        residentBytes.push(process.memoryUsage().rss);
        addressBytes.push(takenAddresses());
      }
    });
    return {
      ...tally,
      residentBytes,
      addressBytes,
      generation: service.status().generation as number,
    };
  } finally {
    await service.stop();
    rmSync(directory, { recursive: true });
  }
}

function takenAddresses(): number {
  try {
    const [, kibibytes] =
      /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return Number(kibibytes) * 1024;
  } catch {
    return 0;
  }
}
