// Numbers that were transferred alone, in rows: the index's entries among the ported ones, and what an
// index does not tell in a table of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NumberSpace } from '../state/number-space.ts';
import { loadSinglesRow, portedRow, singlesRow, transferredRow } from '../state/part-rows.ts';

const BUCKET = 8611;
const key = (offset: number): number => BUCKET * 1000 + offset;

function space(): NumberSpace {
  const made = new NumberSpace('msisdn');
  made.transferred.insert(key(3), key(3), 7);
  made.transferred.insert(key(5), key(6), 8);
  made.transferred.insert(key(9), key(9), 7);
  made.ported.set(key(1), 1);
  made.ported.set(key(9), 2);
  return made;
}

const words = (row: Uint8Array | undefined): number[] =>
  row ? Array.from(new Uint32Array(Uint8Array.from(row).buffer)) : [];
const word = (offset: number, route: number): number => offset * 2 ** 20 + route;

test('the row of ported numbers holds what the index does, whether ported or transferred alone', () => {
  assert.deepEqual(words(portedRow(space(), BUCKET)), [word(1, 1), word(3, 7), word(9, 2)]);
  assert.equal(transferredRow(space(), BUCKET)!.length, 12);
  assert.deepEqual(words(singlesRow(space(), BUCKET)), [word(3, 7), 2 ** 31 + word(9, 7)]);
  assert.equal(singlesRow(space(), BUCKET + 1), undefined);
});

test('rows of singles bring back what was transferred, and what lies under a ported number', () => {
  const loaded = new NumberSpace('msisdn');
  loaded.ported.loadRow(BUCKET, portedRow(space(), BUCKET)!);
  loadSinglesRow(loaded, BUCKET, singlesRow(space(), BUCKET)!);
  assert.deepEqual([...loaded.ported.entries()], [...space().ported.entries()]);
  assert.equal(loaded.singleRoute(key(3)), 7);
  assert.equal(loaded.singleRoute(key(9)), 7);
});

test('a row of singles that is broken, or does not fit the ported numbers, is refused', () => {
  const broken: number[][] = [
    [],
    [word(1000, 7)],
    [word(3, 7), word(3, 7)],
    [word(4, 7)],
    [word(3, 6)],
    [2 ** 31 + word(4, 7)],
  ];
  for (const row of broken) {
    const loaded = new NumberSpace('msisdn');
    loaded.ported.loadRow(BUCKET, portedRow(space(), BUCKET)!);
    const bytes = new Uint8Array(Uint32Array.from(row).buffer);
    assert.throws(() => loadSinglesRow(loaded, BUCKET, bytes), RangeError, String(row));
  }
  assert.throws(() => loadSinglesRow(space(), BUCKET, new Uint8Array(5)), RangeError);
});
