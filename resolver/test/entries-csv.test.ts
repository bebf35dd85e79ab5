import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CSV_HEADER, EntriesParser, LINE_BYTES_MAX } from '../snapshot/entries-csv.ts';

const routes = new Map([
  ['a', 0],
  ['b', 1],
]);

/** Parses a text in chunks of a size and gathers what came out. */
function parse(text: string, chunkBytes = 1 << 20) {
  const entries: unknown[] = [];
  const invalid: [line: number, reason: string][] = [];
  const parser = new EntriesParser(
    routes,
    ({ entry, identity, from, to, route }, line) =>
      entries.push([line, entry, identity, from, to, route]),
    (line, reason) => invalid.push([line, reason]),
  );
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    parser.write(bytes.subarray(at, at + chunkBytes));
  }
  parser.end();
  return { entries, invalid, lines: parser.lines };
}

const good = `${CSV_HEADER}
prefix,msisdn,35850,,a
fragmented,msisdn,358501234500,358501234599,b
ported,imsi,244050123456789,,a
`;
const goodEntries = [
  [2, 'prefix', 'msisdn', 135850, 135850, 0],
  [3, 'fragmented', 'msisdn', 1358501234500, 1358501234599, 1],
  [4, 'ported', 'imsi', 1244050123456789, 1244050123456789, 0],
];

test('each kind of entry is read with its keys and route number', () => {
  assert.deepEqual(parse(good), { entries: goodEntries, invalid: [], lines: 4 });
});

test('the size of the chunks that a file comes in makes no difference', () => {
  for (const chunkBytes of [1, 2, 3, 7, 50]) assert.deepEqual(parse(good, chunkBytes), parse(good));
});

test('Windows line ends, a byte-order mark and a missing last line end are accepted', () => {
  const text = `\uFEFF${good.trimEnd().replaceAll('\n', '\r\n')}`;
  assert.deepEqual(parse(text).entries, goodEntries);
});

test('every line that is not valid is reported with its number, and the others are read', () => {
  const bad = [
    '',
    'prefix,msisdn,35850,a',
    'prefix,msisdn,35850,,a,',
    'Prefix,msisdn,35850,,a',
    'prefix,supi,35850,,a',
    'prefix,msisdn,,,a',
    'prefix,msisdn,1234567890123456,,a',
    'prefix,msisdn,35x50,,a',
    'prefix,msisdn,٣٥٨٥٠,,a',
    'prefix,msisdn,+35850,,a',
    'prefix,msisdn, 35850,,a',
    'prefix,msisdn,35850,35850,a',
    'ported,msisdn,35850,35850,a',
    'fragmented,msisdn,35850,,a',
    'fragmented,msisdn,35850,358500,a',
    'fragmented,msisdn,35851,35850,a',
    'prefix,msisdn,35850,,c',
    'prefix,msisdn,35850,,',
    `prefix,msisdn,35850,,${'a'.repeat(LINE_BYTES_MAX)}`,
    `prefix,msisdn,35850,,${'a'.repeat(10 * LINE_BYTES_MAX)}`,
  ];
  for (const chunkBytes of [5, 1 << 20]) {
    const { entries, invalid } = parse(
      `${CSV_HEADER}\n${bad.map((line) => `${line}\nported,imsi,1,,b`).join('\n')}\n`,
      chunkBytes,
    );
    assert.deepEqual(
      invalid.map(([line]) => line),
      bad.map((_, position) => 2 + 2 * position),
    );
    assert.equal(entries.length, bad.length);
  }
});

test('a file without the header, or without anything, is not valid in line 1', () => {
  for (const text of ['', 'prefix,msisdn,35850,,a\n', 'entry,identity,from,to\n']) {
    assert.equal(parse(text).invalid[0]?.[0], 1);
  }
});
