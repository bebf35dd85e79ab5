import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Route } from '../../ledger/route.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { encodeLabel } from '../freshness.ts';
import { createLog } from '../log.ts';
import { silentProgress } from '../progress.ts';
import { buildSnapshot } from '../snapshot/build-snapshot.ts';
import { CSV_HEADER } from '../snapshot/entries-csv.ts';
import {
  loadSnapshot,
  readManifest,
  type SnapshotContent,
  type SnapshotManifest,
  writeSnapshot,
} from '../snapshot/snapshot-file.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { exampleRoute } from './example-route.ts';
import { forge } from './forge-snapshot.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-snapshot-'));
after(() => rmSync(directory, { recursive: true }));
let files = 0;
const fileIn = (name: string) => join(directory, `${files++}-${name}`);

function content(height = 7): SnapshotContent {
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  const block = {
    chainId: 'test',
    height,
    blockHash: new Uint8Array(32).fill(height),
    timeMs: 1_700_000_000_000,
  };
  const label = encodeLabel(block);
  indexes.imsi.apply([{ entry: 'prefix', from: 124405, to: 124405, route: 0 }], label);
  indexes.msisdn.apply(
    [
      { entry: 'prefix', from: 135850, to: 135850, route: 0 },
      { entry: 'fragmented', from: 1358501234500, to: 1358501234599, route: 1 },
      { entry: 'ported', from: 1358501234567, to: 1358501234567, route: 0 },
    ],
    label,
  );
  return { indexes, routes: [exampleRoute('a'), exampleRoute('b')], block };
}

test('a snapshot gives back every entry, the routes and the block', async () => {
  const path = fileIn('whole');
  const written = content();
  const manifest = await writeSnapshot(path, written, 5);
  const loaded = await loadSnapshot(path);
  assert.deepEqual(loaded.manifest, manifest);
  assert.deepEqual(loaded.routes, written.routes);
  assert.deepEqual(
    { ...loaded.block, blockHash: [...loaded.block.blockHash] },
    {
      ...written.block,
      blockHash: [...written.block.blockHash],
    },
  );
  for (const identity of ['imsi', 'msisdn'] as const) {
    assert.deepEqual(
      [...loaded.indexes[identity].entries()],
      [...written.indexes[identity].entries()],
    );
  }
});

test('no byte of a snapshot can be changed without the file being refused', async () => {
  const path = fileIn('flipped');
  await writeSnapshot(path, content(), 5);
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at += at < 64 || at > bytes.length - 64 ? 1 : 151) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ 0x10;
    writeFileSync(path, damaged);
    // Another version may be one that is not read, or one whose hashes then tell.
    const code =
      at >= 8 && at < 16 ? /^BCHF_SNAPSHOT_(VERSION|INVALID)$/ : /^BCHF_SNAPSHOT_INVALID$/;
    await assert.rejects(loadSnapshot(path), { code }, `byte ${at}`);
  }
});

test('a snapshot that was cut short at any place is refused', async () => {
  const path = fileIn('short');
  await writeSnapshot(path, content(), 5);
  const bytes = readFileSync(path);
  for (let length = 0; length < bytes.length; length += 307) {
    writeFileSync(path, bytes.subarray(0, length));
    await assert.rejects(loadSnapshot(path), { code: 'BCHF_SNAPSHOT_INVALID' });
  }
});

test('a file that is missing or cannot be written is an input/output error', async () => {
  const missing = join(directory, 'no', 'such');
  await assert.rejects(loadSnapshot(missing), { code: 'BCHF_SNAPSHOT_IO' });
  await assert.rejects(writeSnapshot(missing, content(), 5), { code: 'BCHF_SNAPSHOT_IO' });
});

test('a snapshot whose entries name a route that it does not hold is refused', async () => {
  const path = fileIn('routes');
  const { routes, ...rest } = content();
  await writeSnapshot(path, { ...rest, routes: routes.slice(0, 1) }, 5);
  await assert.rejects(loadSnapshot(path), { code: 'BCHF_SNAPSHOT_INVALID' });
});

test('an index that does not fit the memory limit is refused as full', async () => {
  const path = fileIn('large');
  await writeSnapshot(path, content(), 5);
  await assert.rejects(loadSnapshot(path, { memoryBytesMax: 65_536 }), { code: 'BCHF_INDEX_FULL' });
});

test('the store loads the newest snapshot that is whole and fits, and keeps as many as asked', async () => {
  const store = new SnapshotStore(join(directory, 'store'), createLog('error', 'text'));
  const fits = async () => true;
  assert.equal(await store.loadNewest(fits, {}), undefined);
  for (const height of [1, 2, 9, 10]) await store.save(content(height), 5);
  assert.equal((await store.loadNewest(fits, {}))?.block.height, 10);
  writeFileSync(store.pathOf(10), 'damaged');
  assert.equal((await store.loadNewest(fits, {}))?.block.height, 9);
  const older = await store.loadNewest(async ({ height }) => height < 9, {});
  assert.equal(older?.block.height, 2);
  assert.equal(await store.has(content(9).block), true);
  assert.equal(await store.has({ ...content(9).block, blockHash: new Uint8Array(32) }), false);
  mkdirSync(store.pathOf(12));
  assert.deepEqual(
    (await store.list()).damaged.map(({ name }) => name),
    ['000000000010.bchf'],
    'what is no file is no snapshot',
  );
  rmdirSync(store.pathOf(12));
  writeFileSync(`${store.pathOf(11)}.1.tmp`, 'left by a killed writer');
  await store.prune(2);
  assert.deepEqual(readdirSync(join(directory, 'store')), [
    '000000000009.bchf',
    '000000000010.bchf',
    'proven.json',
  ]);
});

function inputs(routes: Route[], lines: string[]) {
  const routesPath = fileIn('routes.json');
  const entriesPath = fileIn('entries.csv');
  writeFileSync(routesPath, JSON.stringify(routes));
  writeFileSync(entriesPath, `${[CSV_HEADER, ...lines].join('\n')}\n`);
  const outPath = fileIn('out.bchf');
  return {
    routesPath,
    entriesPath,
    outPath,
    skipInvalid: false,
    nowMs: 5,
    progress: silentProgress,
  };
}

test('a snapshot is built from routes.json and entries.csv, the last of two lines counting', async () => {
  const options = inputs(
    [exampleRoute('a'), exampleRoute('b')],
    [
      'ported,msisdn,358501234567,,a',
      'ported,msisdn,358501234567,,b',
      'fragmented,msisdn,358501234500,358501234599,a',
      'fragmented,msisdn,358501234510,358501234519,b',
      'prefix,imsi,24405,,a',
    ],
  );
  const { lines, invalidCount } = await buildSnapshot(options);
  assert.deepEqual([lines, invalidCount], [6, 0]);
  const { indexes, routes } = await loadSnapshot(options.outPath);
  assert.deepEqual(
    routes.map(({ id }) => id),
    ['a', 'b'],
  );
  assert.equal(indexes.msisdn.find(1358501234567)?.route, 1);
  assert.equal(indexes.msisdn.find(1358501234515)?.route, 1);
  assert.equal(indexes.msisdn.find(1358501234525)?.route, 0);
  assert.equal(indexes.imsi.find(1244050123456789)?.route, 0);
});

test('the first line that is not valid fails the build with file and line, and nothing is written', async () => {
  const options = inputs([exampleRoute('a')], ['ported,msisdn,1,,a', 'ported,msisdn,x,,a']);
  await assert.rejects(buildSnapshot(options), (error: Error & { code: string }) => {
    assert.equal(error.code, 'BCHF_INPUT_INVALID');
    assert.ok(error.message.startsWith(`${options.entriesPath}:3:`));
    return true;
  });
  await assert.rejects(readManifest(options.outPath), { code: 'BCHF_SNAPSHOT_IO' });
});

test('with skipInvalid, lines that are not valid are counted, crossing runs among them', async () => {
  const options = inputs(
    [exampleRoute('a')],
    [
      'fragmented,msisdn,100,200,a',
      'fragmented,msisdn,300,400,a',
      'fragmented,msisdn,150,250,a',
      'ported,msisdn,x,,a',
      'fragmented,msisdn,320,330,a',
    ],
  );
  await assert.rejects(buildSnapshot(options), { code: 'BCHF_INPUT_INVALID' });
  const { invalidCount, invalid } = await buildSnapshot({ ...options, skipInvalid: true });
  assert.equal(invalidCount, 2);
  assert.deepEqual(invalid.map(({ line }) => line).sort(), [4, 5]);
  assert.equal((await readManifest(options.outPath)).entryCounts.msisdn?.fragmented, 3);
});

test('routes that are malformed or have one id twice are refused', async () => {
  const twice = inputs([exampleRoute('a'), exampleRoute('a')], []);
  await assert.rejects(buildSnapshot(twice), { code: 'BCHF_INPUT_INVALID' });
  const malformed = inputs([{ ...exampleRoute('a'), port: 0 }], []);
  await assert.rejects(buildSnapshot(malformed), { code: 'BCHF_INPUT_INVALID' });
});

test('of many malformed routes the first are told, and how many more there are', async () => {
  const malformed = inputs(
    Array.from({ length: 1000 }, () => ({ ...exampleRoute('a'), port: 0, ['x'.repeat(9000)]: 1 })),
    [],
  );
  await assert.rejects(buildSnapshot(malformed), (error: Error & { code: string }) => {
    assert.equal(error.code, 'BCHF_INPUT_INVALID');
    assert.match(error.message, /… and 1980 more$/);
    assert.ok(error.message.length < 10_000, `${error.message.length} characters`);
    return true;
  });
});

test('a manifest that contradicts the file, with fitting hashes, is refused', async () => {
  const changes: Record<string, (manifest: SnapshotManifest) => object> = {
    'another height': (one) => ({ ...one, height: 8 }),
    'another block': (one) => ({ ...one, blockHash: '0'.repeat(64) }),
    'a time that is no date': (one) => ({ ...one, createdAtMs: 1e300 }),
    'more routes': (one) => ({ ...one, routeCount: 2 ** 40 }),
    'more entries': (one) => ({
      ...one,
      entryCounts: {
        ...one.entryCounts,
        imsi: { prefix: Number.MAX_SAFE_INTEGER, fragmented: 0, ported: 0 },
      },
    }),
    'a section twice': (one) => ({ ...one, sections: [...one.sections, one.sections[0]] }),
    'sections in another order': (one) => ({ ...one, sections: one.sections.toReversed() }),
    'a section left out': (one) => ({ ...one, sections: one.sections.slice(1) }),
    'a negative offset': (one) => ({
      ...one,
      sections: one.sections.map((section) => ({ ...section, offset: -1 })),
    }),
    'a huge section': (one) => ({
      ...one,
      sections: one.sections.map((section) => ({ ...section, bytes: 2 ** 52 })),
    }),
    'no object': () => [],
  };
  for (const [name, change] of Object.entries(changes)) {
    const path = fileIn('contradicting');
    await writeSnapshot(path, content(), 5);
    forge(path, { manifest: change });
    await assert.rejects(loadSnapshot(path), { code: 'BCHF_SNAPSHOT_INVALID' }, name);
  }
});

test('bytes that no section covers are refused', async () => {
  const path = fileIn('gap');
  await writeSnapshot(path, content(), 5);
  const bytes = readFileSync(path);
  const offset = Number(bytes.readBigUInt64LE(bytes.length - 64));
  const footer = Buffer.from(bytes.subarray(-64));
  footer.writeBigUInt64LE(BigInt(offset + 1), 0);
  const text = bytes.subarray(offset, -64);
  writeFileSync(path, Buffer.concat([bytes.subarray(0, offset), Buffer.alloc(1), text, footer]));
  await assert.rejects(readManifest(path), { code: 'BCHF_SNAPSHOT_INVALID' });
});

test('a build ends its progress where it fails, so that the process can end', async () => {
  let open = 0;
  const progress = {
    start: () => {
      open++;
      return { advance() {}, done() {}, close: () => open-- };
    },
  };
  const options = inputs([exampleRoute('a')], ['ported,msisdn,x,,a']);
  await assert.rejects(buildSnapshot({ ...options, progress }), { code: 'BCHF_INPUT_INVALID' });
  const unreadable = { ...options, entriesPath: directory };
  await assert.rejects(buildSnapshot({ ...unreadable, progress }), { code: 'BCHF_INPUT_INVALID' });
  assert.equal(open, 0);
});
