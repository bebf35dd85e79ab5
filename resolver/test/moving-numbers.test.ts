// Numbers that move while the resolver serves: blocks come, answers follow, only the numbers that are meant
// to move do, and all are back where the population has them at the end.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation, MOVING_NUMBERS } from '../../ledger/population/population.ts';
import { configure, startOptions } from '../config.ts';
import { createLog } from '../log.ts';
import { FREE_PORTS } from '../probe-ports.ts';
import { silentProgress } from '../progress.ts';
import { type Started, start } from '../start.ts';

const options = { ported: 1_500, fragmented: 20, profile: 25, seed: 5 } as const;
const population = createPopulation({ data: readNumberingData(), ...options });
const directory = mkdtempSync(join(tmpdir(), 'bchf-moving-'));
after(() => rmSync(directory, { recursive: true }));

async function startWith(movesPerSecond: number): Promise<Started> {
  const flags = {
    ...options,
    ...FREE_PORTS,
    data: directory,
    workers: 1,
    sbiWorkers: 0,
    movesPerSecond,
  };
  const started = await start({
    configuration: configure(startOptions, { flags, environment: {} }),
    log: createLog('silent', 'text'),
    progress: silentProgress,
    signal: new AbortController().signal,
    onFailure: assert.ifError,
  });
  assert.ok(started);
  return started;
}

/** Ported indexes of the numbers that are not where the population has them. */
function displaced({ service, ledger }: Started): number[] {
  return Array.from({ length: options.ported }, (_, index) => index).filter((index) => {
    const key = population.portedNumber(index);
    const found = service.indexes.msisdn.find(key);
    return found && ledger.routes()[found.route]?.id !== population.expected('msisdn', key)?.route;
  });
}

test('numbers move at a rate and come back, and no other number is touched', async () => {
  const started = await startWith(2000);
  const heightBefore = started.ledger.tip.height;
  const before = started.ledger.transactionCount;
  let moved: number[] = [];
  for (let tries = 0; tries < 200 && moved.length === 0; tries++) {
    await sleep(25);
    moved = displaced(started);
  }
  await started.stop();
  assert.ok(moved.length > 0 && moved.every((index) => index < MOVING_NUMBERS), `${moved.length}`);
  assert.ok(started.ledger.tip.height > heightBefore);
  assert.ok(
    started.ledger.transactionCount >= before + 2 * moved.length,
    'each went and came back',
  );

  const again = await startWith(0);
  assert.deepEqual(displaced(again), []);
  await again.stop();
});

test('a way home and a way back undo each other, and an index is found by its number', () => {
  for (let index = 0; index < options.ported; index += 37) {
    const [home, away] = [population.moveOf(index, 'home'), population.moveOf(index, 'away')];
    assert.deepEqual([home.donor, home.recipient], [away.recipient, away.donor]);
    const key = population.portedNumber(index);
    assert.equal(away.route, population.expected('msisdn', key)?.route);
    assert.equal(population.portedIndex(key), index);
  }
  assert.equal(population.portedIndex(10), -1);
});
