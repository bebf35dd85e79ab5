// Listings: what a page holds, how pages go on, and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerRanges, PAGE_ENTRIES_DEFAULT, PAGE_ENTRIES_MAX } from '../ranges.ts';
import { rangePageSchema } from '../schemas.ts';
import { change, routes, SmallIndex } from './http-fixture.ts';

function ask(index: SmallIndex, query: string) {
  const { status, body } = answerRanges(query, index.resolver);
  return { status, body: JSON.parse(body as string) };
}

function page(index: SmallIndex, query: string) {
  const { status, body } = ask(index, query);
  assert.equal(status, 200, query);
  return rangePageSchema.parse(body);
}

/** All pages of a listing; `between` runs before each but the first. */
function allPages(index: SmallIndex, query: string, between: () => void = () => {}) {
  const pages = [page(index, query)];
  for (let { next } = pages[0]!; next; { next } = pages.at(-1)!) {
    between();
    pages.push(page(index, `${query}&page=${next}`));
  }
  return pages;
}

test('a page lists what has numbers that begin with the digits, with routes once and the block', () => {
  const index = new SmallIndex();
  assert.deepEqual(page(index, 'prefix=358501234&identity=msisdn'), {
    ledger: { height: 1, blockHash: '01'.repeat(32), lagMs: null },
    identity: 'msisdn',
    prefix: '358501234',
    routes: { 0: routes[0], 1: routes[1] },
    entries: [
      {
        ...{ entry: 'fragmented', from: '358501234500', to: '358501234599' },
        ...{ route: 0, userDataIndex: 500 },
      },
      { entry: 'ported', from: '358501234567', to: '358501234567', route: 1 },
    ],
  });
  const all = page(index, 'prefix=3&identity=msisdn').entries;
  assert.deepEqual(all[0], { entry: 'prefix', prefix: '35850', route: 1 });
  assert.equal(all.length, 4);
  assert.deepEqual(page(index, 'prefix=3&identity=imsi').entries, []);
  assert.deepEqual(page(index, 'prefix=4&identity=msisdn').entries, []);
});

test('pages of any length come to the same, and the last one has no next', () => {
  const index = new SmallIndex();
  const whole = page(index, 'prefix=3&identity=msisdn');
  for (const limit of [1, 2, 3, 4, 5]) {
    const pages = allPages(index, `prefix=3&identity=msisdn&limit=${limit}`);
    assert.deepEqual(
      pages.flatMap(({ entries }) => entries),
      whole.entries,
    );
    assert.equal(pages.length, Math.ceil(4 / limit));
  }
  assert.equal(whole.next, undefined);
});

test('without a limit a page has a stated number of entries, and never more than the most', () => {
  const index = new SmallIndex();
  index.apply(
    Array.from({ length: PAGE_ENTRIES_MAX + 1 }, (_, at) =>
      change('ported', `4670${1000 + at}`, 0),
    ),
  );
  const count = (query: string) => page(index, `prefix=46&identity=msisdn${query}`).entries.length;
  assert.equal(count(''), PAGE_ENTRIES_DEFAULT);
  assert.equal(count(`&limit=${PAGE_ENTRIES_MAX}`), PAGE_ENTRIES_MAX);
});

test('pages over a changing index, and the changes since the first of them, give what is so now', () => {
  const index = new SmallIndex();
  const seen = new Map<string, number | null>();
  const see = (name: string, route: number | null) =>
    route === null ? seen.delete(name) : seen.set(name, route);
  const blocks: { height: number; changes: ReturnType<typeof change>[] }[] = [];
  let step = 0;
  const pages = allPages(index, 'prefix=358&identity=msisdn&limit=1', () => {
    step++;
    const changes = [
      change('ported', `35850123${1000 + step}`, step % 2),
      change('ported', '358501239999', step % 3 === 0 ? null : 1),
      ...(step === 2 ? [change('prefix', '35850', null)] : []),
    ];
    if (step > 12) return;
    index.apply(changes);
    blocks.push({ height: index.height, changes });
  });
  for (const { entries } of pages) {
    for (const { entry, prefix, from, route } of entries) see(`${entry} ${prefix ?? from}`, route);
  }
  for (const { height, changes } of blocks) {
    if (height <= pages[0]!.ledger.height) continue;
    for (const { entry, from, route } of changes) see(`${entry} ${String(from).slice(1)}`, route);
  }
  const now = page(index, 'prefix=358&identity=msisdn').entries.map(
    ({ entry, prefix, from, route }) => [`${entry} ${prefix ?? from}`, route] as const,
  );
  assert.ok(blocks.length > 5, 'the index has changed between pages');
  assert.deepEqual(seen, new Map(now));
});

test('a parameter that is missing, wrong, twice or badly encoded is refused with its cause', () => {
  const index = new SmallIndex();
  const next = page(index, 'prefix=3&identity=msisdn&limit=1').next!;
  const token = (text: string) => Buffer.from(text).toString('base64url');
  for (const [query, cause, param] of [
    ['identity=msisdn', 'MANDATORY_QUERY_PARAM_MISSING', 'prefix'],
    ['prefix=3', 'MANDATORY_QUERY_PARAM_MISSING', 'identity'],
    ['prefix=&identity=msisdn', 'MANDATORY_QUERY_PARAM_INCORRECT', 'prefix'],
    ['prefix=12a&identity=msisdn', 'MANDATORY_QUERY_PARAM_INCORRECT', 'prefix'],
    [`prefix=${'1'.repeat(16)}&identity=imsi`, 'MANDATORY_QUERY_PARAM_INCORRECT', 'prefix'],
    ['prefix=1&identity=nai', 'MANDATORY_QUERY_PARAM_INCORRECT', 'identity'],
    ['prefix=1&identity=imsi&limit=0', 'OPTIONAL_QUERY_PARAM_INCORRECT', 'limit'],
    ['prefix=1&identity=imsi&limit=1001', 'OPTIONAL_QUERY_PARAM_INCORRECT', 'limit'],
    ['prefix=1&identity=imsi&limit=1e2', 'OPTIONAL_QUERY_PARAM_INCORRECT', 'limit'],
    [`prefix=35&identity=msisdn&page=${next}`, 'OPTIONAL_QUERY_PARAM_INCORRECT', 'page'],
    [`prefix=3&identity=imsi&page=${next}`, 'OPTIONAL_QUERY_PARAM_INCORRECT', 'page'],
    ...['', 'x', '!', token('msisdn,3,q,3,3'), token('msisdn,3,n,3'), token('msisdn,3,n,3,x')].map(
      (page) =>
        [
          `prefix=3&identity=msisdn&page=${page}`,
          'OPTIONAL_QUERY_PARAM_INCORRECT',
          'page',
        ] as const,
    ),
    ['prefix=3&prefix=3&identity=msisdn', 'INVALID_QUERY_PARAM', 'prefix'],
    ['prefix=%ff&identity=msisdn', 'INVALID_QUERY_PARAM', 'prefix'],
  ] as const) {
    const { status, body } = ask(index, query);
    assert.deepEqual([status, body.cause, body.invalidParams[0].param], [400, cause, param], query);
  }
});

test('a token that nobody gave out lists from its place on, like any other', () => {
  const index = new SmallIndex();
  const token = Buffer.from('msisdn,3,n,358501235000,358501235000').toString('base64url');
  const { entries } = page(index, `prefix=3&identity=msisdn&page=${token}`);
  assert.deepEqual(
    entries.map(({ from }) => from),
    ['358501239999'],
  );
});
