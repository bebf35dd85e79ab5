// How long after its commit a block is in the answers of the other members: four nodes with their
// resolvers on loopback, one process each.
//
// One number is ported to and fro between two members. The moment of commit is when the proposing
// node has the block on its disk, by its own clock; the moment of the answer is when the UDP client
// here has a changed answer of another node, by the same machine's clock. Both are whole milliseconds,
// and nodes are asked every millisecond, so that a figure is up to some two milliseconds too high.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type NumberKey, parseDigits } from '../../ledger/number.ts';
import { type BenchResult, runBench } from '../../wasm/bench/bench-report.ts';
import type { MemberKey } from '../node-client.ts';
import { prepareDevnet, readDevnetKeys } from '../node-devnet.ts';
import { type DevnetNode, type RunningDevnet, startDevnet } from '../node-devnet-processes.ts';
import { type BatchClient, openBatchClient } from '../udp/batch-client.ts';

const MEMBERS = 4;
const NUMBER = parseDigits('99901000000') as NumberKey;
const POLL_MS = 1;
const WAIT_MS = 30_000;
const COMMAND = fileURLToPath(new URL('./bench-bchf-command.js', import.meta.url));

/** Where the bars are set: at fewer blocks a 99th percentile says little. */
const JUDGED_BLOCKS_MIN = 200;

await runBench({
  name: 'freshness',
  about:
    'From the commit of a block to a changed answer of the other members, 4 nodes on loopback.',
  options: {
    blocks: { what: 'blocks', full: 300, quick: 5, min: 1, max: 100_000 },
    warmup: { what: 'blocks before those that count', full: 30, quick: 1, min: 0, max: 10_000 },
  },
  measure: ({ values }) => measure(values.blocks, values.warmup),
});

async function measure(blocks: number, warmup: number): Promise<BenchResult> {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-freshness-'));
  let running: RunningDevnet | undefined;
  const clients: BatchClient[] = [];
  try {
    const devnet = await prepareDevnet({ directory, members: MEMBERS, blockTimeMs: 0 });
    const keys = await readDevnetKeys(devnet);
    running = await startDevnet(devnet, {
      command: COMMAND,
      onLog: () => {},
      onFailure: (error) => {
        throw error;
      },
    });
    const [proposer, ...others] = running.nodes as [DevnetNode, ...DevnetNode[]];
    for (const { ports } of others) {
      clients.push(await openBatchClient({ host: '127.0.0.1', port: ports.batch, retries: 5 }));
    }
    const delaysMs: number[] = [];
    for (let block = 0; block < warmup + blocks; block++) {
      const delays = await portOnce(proposer, clients, keys, block);
      if (block >= warmup) delaysMs.push(...delays);
    }
    delaysMs.sort((a, b) => a - b);
    const at = (share: number): number =>
      delaysMs[Math.min(delaysMs.length - 1, Math.floor(delaysMs.length * share))] as number;
    return {
      notes: [
        `${blocks} blocks of one transaction; ${delaysMs.length} changed answers at ` +
          `${others.length} nodes that did not make the block`,
      ],
      figures: [
        { name: 'p50Ms', measured: at(0.5), bar: { atMost: 20 } },
        { name: 'p99Ms', measured: at(0.99), bar: { atMost: 100 } },
        { name: 'maxMs', measured: delaysMs.at(-1) as number },
        { name: 'blocks', measured: blocks },
      ],
      ...(blocks < JUDGED_BLOCKS_MIN && { unjudged: `fewer than ${JUDGED_BLOCKS_MIN} blocks` }),
    };
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await running?.stop();
    rmSync(directory, { recursive: true });
  }
}

/** Ports the number once; milliseconds from the commit to the changed answer of each node. */
async function portOnce(
  { client }: DevnetNode,
  resolvers: readonly BatchClient[],
  keys: readonly MemberKey[],
  block: number,
): Promise<number[]> {
  const [donor, recipient] =
    block % 2 === 0 ? (['member-1', 'member-2'] as const) : (['member-2', 'member-1'] as const);
  const before = await Promise.all(resolvers.map(routeNumberOf));
  const changed = Promise.all(
    resolvers.map(async (resolver, at) => {
      for (const untilMs = Date.now() + WAIT_MS; Date.now() < untilMs; await sleep(POLL_MS)) {
        if ((await routeNumberOf(resolver)) !== before[at]) return Date.now();
      }
      throw new Error('an answer does not change');
    }),
  );
  const transaction = await client.sign(
    {
      kind: 'port',
      identity: 'msisdn',
      numbers: [NUMBER],
      donor,
      recipient,
      route: `${recipient}-udm`,
    },
    keys,
  );
  const id = await client.submit(transaction);
  const changedMs = await changed;
  const { code, atMs } = await client.committed(id, WAIT_MS);
  if (code !== 'OK') throw new Error(code);
  return changedMs.map((oneMs) => oneMs - atMs);
}

async function routeNumberOf(resolver: BatchClient): Promise<number> {
  const [answer] = (await resolver.lookup('msisdn', [NUMBER])).answers;
  if (answer?.status !== 'found') throw new Error('the number is not found');
  return answer.routeNumber;
}
