// What covered a number after an older block is what was so then, whatever came since.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ENTRY_KINDS, type EntryChange } from '../entry.ts';
import { type Ledger, openLedger } from '../ledger.ts';
import { digitsOf, type UeId } from '../number.ts';
import type { Route } from '../route.ts';
import type { CoveringEntry } from '../store/entry-history.ts';
import { LedgerStore } from '../store/ledger-store.ts';
import { authorityPublicKey, chainId, foundation, key, TestChain } from './consortium.ts';
import { opening, randomBody } from './random-bodies.ts';
import { randomFrom, seed } from './seed.ts';

const BLOCKS = 120;
const never = new AbortController().signal;

describe(`entries as of a block (BCHF_TEST_SEED=${seed})`, () => {
  let directory: string;
  let ledger: Ledger;
  /** What the index and the route table held after each block, by height. */
  const models: { entries: Map<string, EntryChange>; routes: Route[] }[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'bchf-history-'));
    const random = randomFrom(seed);
    const chain = new TestChain();
    ledger = await openLedger({
      ...{ directory, chainId, authorityPublicKey, settings: {}, now: () => chain.timeMs },
    });
    let entries = new Map<string, EntryChange>();
    models.push({ entries, routes: [] });
    const bodies = [foundation, opening];
    for (let height = 1; height <= BLOCKS; height++) {
      chain.timeMs += 1_000;
      const drawn = () =>
        Array.from({ length: 4 }, () => chain.signer.sign(randomBody(random, chain.state)));
      const transactions = bodies[height - 1]?.map((body) => chain.signer.sign(body)) ?? drawn();
      chain.block(transactions);
      const { changes } = await ledger.commit(transactions);
      entries = new Map(entries);
      for (const change of changes) {
        if (change.route === null) entries.delete(nameOf(change));
        else entries.set(nameOf(change), change);
      }
      models.push({ entries, routes: structuredClone(ledger.routes()) as Route[] });
    }
  });
  after(async () => {
    await ledger.close();
    await rm(directory, { recursive: true });
  });

  /** What the model says of a number, in precedence. */
  function covering(number: UeId, height: number): (CoveringEntry & { details: Route })[] {
    const { entries, routes } = models[height]!;
    return [...entries.values()]
      .filter(({ identity, entry, from, to }) => {
        if (identity !== number.identity) return false;
        return entry === 'prefix'
          ? digitsOf(number.key).startsWith(digitsOf(from))
          : from <= number.key && number.key <= to;
      })
      .map(({ entry, from, to, route }) => {
        return { entry, from, to, route: route!, details: routes[route!]! };
      })
      .sort(
        (left, right) =>
          ENTRY_KINDS.indexOf(right.entry) - ENTRY_KINDS.indexOf(left.entry) ||
          (left.entry === 'prefix' ? right.from - left.from : 0) ||
          left.to - left.from - (right.to - right.from),
      );
  }

  const known = (number: UeId, height: number) => ({ height, entries: covering(number, height) });

  it('are those of the state then, with the routes as they were', async () => {
    const random = randomFrom(seed);
    let changed = 0;
    for (let asked = 0; asked < 1_000; asked++) {
      const digits = random() < 0.9 ? key('8611000') + Math.floor(random() * 320) : key('8615001');
      const number: UeId = { identity: 'msisdn', key: digits };
      const height = 1 + Math.floor(random() * BLOCKS);
      const from = height + Math.floor(random() * (BLOCKS - height + 1));
      const { entries } = await ledger.entriesAsOf(number, height, known(number, from), never);
      const expected = covering(number, height);
      assert.deepEqual(entries, expected, `${digits} at ${height}, known at ${from}`);
      if (nameOf(expected[0]!) !== nameOf(covering(number, BLOCKS)[0]!)) changed++;
    }
    assert.ok(changed > 0, 'answers had changed since');
    const routes = new Set(models.map((model) => JSON.stringify(model.routes)));
    assert.ok(routes.size > 1, 'routes had changed, too');
  });

  it('name the block that they are of', async () => {
    const number: UeId = { identity: 'msisdn', key: key('8611000') };
    const history = await ledger.entriesAsOf(number, 3, known(number, BLOCKS), never);
    assert.deepEqual(history.blockHash, await ledger.blockHashAt(3));
  });

  it('routes that a block has changed are those that its transactions declare', async () => {
    for (let height = 1; height <= BLOCKS; height++) {
      const before = models[height - 1]!.routes.map((route) => JSON.stringify(route));
      const now = models[height]!.routes;
      const numbers = await ledger.routesChangedAt(height);
      for (const [number, route] of now.entries()) {
        if (JSON.stringify(route) !== before[number]) assert.ok(numbers.includes(number));
      }
    }
    assert.deepEqual(await ledger.routesChangedAt(BLOCKS + 1), []);
  });

  it('a search that nobody waits for ends', async () => {
    const number: UeId = { identity: 'msisdn', key: key('8611000') };
    const aborted = ledger.entriesAsOf(number, 1, known(number, BLOCKS), AbortSignal.abort());
    await assert.rejects(aborted, { name: 'AbortError' });
  });

  it('where blocks are pruned, nothing is told that is not known', async () => {
    const number: UeId = { identity: 'msisdn', key: key('8611000') };
    await ledger.close();
    const store = await LedgerStore.open(join(directory, 'store'));
    await store.prune(100);
    await store.close();
    ledger = await openLedger({
      ...{ directory, chainId, authorityPublicKey, settings: {}, now: () => 0 },
    });
    await assert.rejects(ledger.entriesAsOf(number, 50, known(number, BLOCKS), never), {
      code: 'BCHF_STORE_PRUNED',
    });
    let told = 0;
    for (let digits = key('8611000'); digits < key('8611100'); digits++) {
      const one: UeId = { identity: 'msisdn', key: digits };
      for (const height of [99, 110, BLOCKS]) {
        const answer = await ledger
          .entriesAsOf(one, height, known(one, BLOCKS), never)
          .catch((error) => error.code);
        if (answer === 'BCHF_STORE_PRUNED') continue;
        told++;
        assert.deepEqual(answer.entries, covering(one, height));
      }
    }
    // The newest block is always known; how many older ones are depends on what changed since.
    assert.ok(told >= 100, 'what is known is told');
  });
});

function nameOf({ entry, from, to }: Omit<EntryChange, 'identity' | 'route'>): string {
  return `${entry} ${from} ${to}`;
}
