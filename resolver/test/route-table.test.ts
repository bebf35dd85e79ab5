import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteTable } from '../route-table.ts';
import { exampleRoute } from './example-route.ts';

const routesOf = (...ids: string[]) => ids.map((id) => exampleRoute(id));

function tableOf(...ids: string[]): RouteTable {
  const table = new RouteTable();
  const routes = routesOf(...ids).map((route, number) => ({ number, route }));
  table.apply({ version: 1, routes });
  return table;
}

test('another generation’s table comes from the routes that differ, and what is pinned stays', () => {
  for (const next of [['a', 'x'], ['a', 'x', 'c', 'd'], ['b', 'a', 'c'], []]) {
    const table = tableOf('a', 'b', 'c');
    const pinned = table.pinned();
    const replacement = table.replacementOf(routesOf(...next));
    const same = next.filter((id, number) => id === ['a', 'b', 'c'][number]);
    assert.equal(replacement.routes.length, next.length - same.length);
    table.replace(structuredClone(replacement));
    assert.equal(table.version, 2);
    assert.deepEqual(table.all(), routesOf(...next));
    for (const [number, id] of next.entries()) {
      assert.equal(table.numberOf(id), number);
      assert.equal(JSON.parse(table.json(number)!).id, id);
    }
    assert.deepEqual([table.count, table.json(next.length)], [next.length, undefined]);
    if (!next.includes('c')) assert.equal(table.numberOf('c'), undefined);
    assert.equal(JSON.parse(pinned.json(1)!).id, 'b');
  }
});

test('a generation with the same routes leaves the version, so that nobody asks for them anew', () => {
  const table = tableOf('a', 'b');
  const replacement = table.replacementOf(routesOf('a', 'b'));
  assert.deepEqual(replacement, { version: 1, routes: [], count: 2 });
  table.replace(replacement);
  assert.deepEqual(table.all(), routesOf('a', 'b'));
});
