// What holds of the ledger whatever is submitted: every kind of transaction, valid or not.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openLedger } from '../ledger.ts';
import { lengthOf } from '../number.ts';
import { LedgerState } from '../state/state.ts';
import { checkNow, executeBlock, type ReceivedTransaction } from '../state/state-machine.ts';
import { type Row, TABLES } from '../state/tables.ts';
import type { TransactionBody } from '../transaction-body.ts';
import type { TransactionCode } from '../transaction-code.ts';
import { decodeTransaction } from '../transaction-codec.ts';
import { KINDS } from '../transaction-kinds.ts';
import { authorityPublicKey, chainId, foundation, key, Signer } from './consortium.ts';
import { opening, randomBody } from './random-bodies.ts';
import { isSequence } from './refusals.ts';
import { randomFrom, seed } from './seed.ts';

const STEPS = 3_000;
const START_MS = 1_800_000_000_000;

interface Step {
  bytes: Uint8Array;
  body: TransactionBody;
  code: TransactionCode;
  timeMs: number;
  /** State commitment behind it. */
  root: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function genesis(): LedgerState {
  const state = LedgerState.genesis(authorityPublicKey);
  state.takeChangedRows();
  return state;
}

function received(bytes: Uint8Array): ReceivedTransaction {
  return { bytes, decoded: decodeTransaction(bytes) };
}

/** One transaction a block, without checking signatures; `look` is called after each. */
function run(
  random: () => number,
  look: (state: LedgerState, step: Step, rows: readonly Row[]) => void,
): Step[] {
  const state = genesis();
  const signer = new Signer();
  const steps: Step[] = [];
  let timeMs = START_MS;
  for (let at = 0; at < STEPS; at++) {
    const body = [...foundation, ...opening][at] ?? randomBody(random, state);
    timeMs += Math.floor(random() * 2_000);
    const bytes = signer.sign(body);
    const { codes, appHash, rows } = executeBlock(state, [received(bytes)], () => true, timeMs);
    const step = { bytes, body, code: codes[0]!, timeMs, root: hex(appHash) };
    look(state, step, rows);
    steps.push(step);
  }
  return steps;
}

describe('whatever is submitted', () => {
  const rows = new Map<string, Row>();
  const keep = (changed: readonly Row[]): void => {
    for (const { table, id, bytes } of changed) {
      if (bytes) rows.set(`${table} ${id}`, { table, id, bytes: Uint8Array.from(bytes) });
      else rows.delete(`${table} ${id}`);
    }
  };
  let root = '';
  let last: LedgerState | undefined;
  const refused: Step[] = [];
  const sums: string[] = [];
  keep(LedgerState.genesis(authorityPublicKey).takeChangedRows());
  const steps = run(randomFrom(seed), (state, step, changed) => {
    if (step.code !== 'OK' && !changed.every(isSequence)) refused.push(step);
    root = step.root;
    last = state;
    keep(changed);
    const balances = [...state.balances.entries()].map(([, balance]) => balance);
    const total = balances.reduce((sum, balance) => sum + balance, 0);
    const isRight =
      balances.every((balance) => balance > 0) &&
      total === state.balances.deposited - state.balances.withdrawn;
    if (!isRight) sums.push(step.body.kind);
  });

  it('every kind of transaction but for chance is accepted, and most are refused, here', () => {
    const kinds = KINDS.map(({ kind }) => kind);
    const of = (isOk: boolean): string[] => [
      ...new Set(steps.filter(({ code }) => (code === 'OK') === isOk).map(({ body }) => body.kind)),
    ];
    // Chance may leave one out; settlements and departures are the rarest.
    assert.ok(of(true).length >= kinds.length - 2, `accepted: ${of(true)}`);
    assert.ok(of(false).length > kinds.length / 2, `refused: ${of(false)}`);
  });

  it('a refused transaction changes nothing but the sequence that it uses up', () => {
    assert.deepEqual(refused, []);
  });

  it('money is conserved and no balance is below 0', () => {
    assert.deepEqual(sums, []);
  });

  it('no number has two owners, and parts of runs lie in runs', () => {
    const { free, runs, transferred, ported, priced } = last!.spaces.msisdn;
    const layers = [free, runs].map((layer) => [...layer.between(0, Number.MAX_SAFE_INTEGER)]);
    const all = layers.flat().sort((a, b) => a.start - b.start);
    for (const [at, { start }] of all.entries()) {
      assert.ok(at === 0 || start > all[at - 1]!.end, 'free numbers and runs are apart');
    }
    const parts = [...transferred.between(0, Number.MAX_SAFE_INTEGER)];
    for (const [at, { start, end, value }] of parts.entries()) {
      const run = runs.find(start)!;
      assert.ok(run.start <= start && end <= run.end && run.value !== value);
      assert.ok(start > run.start || end < run.end, 'a part is not the whole');
      const before = parts[at - 1];
      const isTouching = before && before.end + 1 === start && before.start >= run.start;
      assert.ok(!isTouching || before.value !== value, 'parts unite');
    }
    for (let number = key('8611000'); number < key('8613000'); number++) {
      const holder = last!.holderOf('msisdn', number, lengthOf(number));
      const inPool = free.find(number) !== undefined;
      assert.equal(holder === 'pool', inPool && ported.get(number) < 0);
      assert.ok(!priced.find(number) || inPool || runs.find(number), 'priced numbers are pooled');
    }
  });

  it('what members hold and owe is counted as it is', () => {
    const state = last!;
    const { prefixes, runs, transferred, ported, priced } = state.spaces.msisdn;
    const count = (values: Iterable<number>): Map<number, number> => {
      const counts = new Map<number, number>();
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
      return counts;
    };
    const all = (layer: typeof runs) =>
      Array.from(layer.between(0, Number.MAX_SAFE_INTEGER), ({ value }) => value);
    const layers = [
      { layer: prefixes, held: count(Array.from(prefixes.entries(), ([, route]) => route)) },
      { layer: ported, held: count(Array.from(ported.entries(), ({ route }) => route)) },
      ...[runs, transferred, priced].map((layer) => ({ layer, held: count(all(layer)) })),
    ];
    for (const { layer, held } of layers) {
      for (let value = 0; value < state.routes.length + 20; value++) {
        assert.equal(layer.countOf(value), held.get(value) ?? 0);
      }
    }
    const occupations = [...state.pricing.occupations()];
    const occupants = count(occupations.map(({ contract }) => contract));
    for (const contract of state.pricing.contracts.keys()) {
      assert.equal(state.pricing.occupantCount(contract), occupants.get(contract) ?? 0);
    }
    for (const [number, { id }] of state.members.entries()) {
      const own = occupations.filter(({ member }) => member === number);
      assert.equal(state.pricing.isOccupant(number), own.length > 0);
      const { contracts } = state.roaming;
      const isDue = contracts.some((terms, contract) =>
        [...state.members.keys()].some(
          (visited) =>
            state.roaming.tally(contract, visited).due > 0 &&
            (visited === number || terms.member === id),
        ),
      );
      assert.equal(state.roaming.hasDue(number, id), isDue, id);
    }
  });

  it('the same transactions lead to the same root, alone or many in a block', () => {
    const random = randomFrom(seed + 1);
    const [few, many] = [genesis(), genesis()];
    for (let at = 0; at < steps.length; ) {
      const block = steps.slice(at, at + 1 + Math.floor(random() * 40));
      at += block.length;
      // All of a block's transactions have its time.
      const { timeMs } = block.at(-1)!;
      const together = executeBlock(
        many,
        block.map(({ bytes }) => received(bytes)),
        () => true,
        timeMs,
      );
      const alone = block.map(({ bytes }) =>
        executeBlock(few, [received(bytes)], () => true, timeMs),
      );
      assert.deepEqual(
        together.codes,
        alone.flatMap(({ codes }) => codes),
      );
      assert.deepEqual(
        together.changes,
        alone.flatMap(({ changes }) => changes),
      );
      assert.deepEqual(together.appHash, alone.at(-1)!.appHash);
    }
  });

  it('the rows that blocks have changed make the same state and the same root', () => {
    const loaded = new LedgerState();
    const rank = ({ table }: Row): number => TABLES.indexOf(table);
    for (const { table, id, bytes } of [...rows.values()].sort(
      (x, y) => rank(x) - rank(y) || x.id - y.id,
    )) {
      loaded.loadRow({ table, id, bytes: bytes! });
    }
    assert.equal(hex(loaded.appHash()), root);
    const entries = (state: LedgerState): string[] =>
      Array.from(state.entries(), (entry) => JSON.stringify(entry)).sort();
    assert.deepEqual(entries(loaded), entries(last!));
    assert.deepEqual(loaded.takeChangedRows(), []);
    // It goes on as the other does.
    const random = randomFrom(seed + 2);
    const signer = new Signer(1_000_000);
    const timeMs = steps.at(-1)!.timeMs + 5_000;
    const more = Array.from({ length: 200 }, () => signer.sign(randomBody(random, last!)));
    const [ours, theirs] = [last!, loaded].map((state) =>
      executeBlock(state, more.map(received), () => true, timeMs),
    );
    assert.deepEqual(theirs!.codes, ours!.codes);
    assert.deepEqual(theirs!.appHash, ours!.appHash);
    assert.deepEqual(theirs!.changes, ours!.changes);
  });

  it('what is applied from its bytes is what is applied as it was said', () => {
    const state = genesis();
    for (const { bytes, body, code, timeMs, root: expected } of steps) {
      const { transaction } = decodeTransaction(bytes);
      const decoded = { transaction: { ...transaction!, body } };
      const { codes, appHash } = executeBlock(state, [{ bytes, decoded }], () => true, timeMs);
      assert.deepEqual(codes, [code]);
      assert.equal(hex(appHash), expected);
    }
  });
});

describe('a ledger on disk', () => {
  it('has the same state after it was closed and opened, whatever kinds its blocks held', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'bchf-ledger-'));
    let now = START_MS;
    const options = {
      directory,
      chainId,
      authorityPublicKey,
      settings: {},
      now: () => {
        now += 1_000;
        return now;
      },
    };
    try {
      const first = await openLedger(options);
      // A state beside it, with the same blocks, is what the bodies are drawn from.
      const state = genesis();
      const random = randomFrom(seed + 3);
      const signer = new Signer();
      for (let block = 0; block < 30; block++) {
        const bodies =
          block === 0
            ? [...foundation, ...opening]
            : Array.from({ length: 20 }, () => randomBody(random, state)).filter(
                // Their keys would be none that the tests can sign with.
                ({ kind }) => kind !== 'rotate-member-key',
              );
        const bytes = bodies.map((body) => signer.sign(body));
        const { results, timeMs, changes } = await first.commit(bytes);
        const beside = executeBlock(state, bytes.map(received), checkNow(chainId), timeMs);
        assert.deepEqual(
          results.map(({ code }) => code),
          beside.codes,
        );
        assert.deepEqual(changes, beside.changes);
        assert.deepEqual(first.appHash, beside.appHash);
      }
      const { appHash } = first;
      await first.close();
      const second = await openLedger(options);
      assert.deepEqual(second.appHash, appHash);
      await second.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
