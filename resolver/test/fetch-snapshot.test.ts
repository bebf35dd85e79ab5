// Fetching a snapshot in chunks: what comes wrong is never kept, and what was interrupted goes on.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rawPublicKey } from '../../ledger/ed25519.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { getBytes } from '../admin/admin-client.ts';
import { encodeLabel } from '../freshness.ts';
import { type FetchOptions, fetchSnapshot, type GetPart } from '../snapshot/fetch-snapshot.ts';
import { loadSnapshot, writeSnapshot } from '../snapshot/snapshot-file.ts';
import { readPart } from '../snapshot/snapshot-parts.ts';
import { SnapshotStore } from '../snapshot/snapshot-store.ts';
import { runBchf } from './bchf-process.ts';
import { exampleRoute } from './example-route.ts';
import { forge } from './forge-snapshot.ts';
import { writeContent } from './swap-content.ts';
import { serveContents, silentLog } from './swap-load.ts';

const root = mkdtempSync(join(tmpdir(), 'bchf-fetch-'));
after(() => rmSync(root, { recursive: true }));
const there = mkdtempSync(join(root, 'there-'));
const store = new SnapshotStore(there, silentLog());
const { privateKey } = generateKeyPairSync('ed25519');
const signer = Buffer.from(rawPublicKey(privateKey)).toString('hex');
const MAX = 1 << 30;
let files = 0;
const newOut = () => join(mkdtempSync(join(root, 'here-')), `${files++}.bchf`);

/** A snapshot of several chunks: routes are bytes too. */
before(async () => {
  const routes = Array.from({ length: 40_000 }, (_, at) => exampleRoute(`route-${at}`));
  const block = { height: 7, blockHash: new Uint8Array(32), timeMs: 0 };
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  for (const identity of ['imsi', 'msisdn'] as const)
    indexes[identity].apply([], encodeLabel(block));
  await writeSnapshot(join(there, 'large.bchf'), { indexes, routes, block }, 1, {
    creatorKey: privateKey,
  });
});

/** Gets parts as a server hands them out. */
const get: GetPart = async (path) => {
  const part = await readPart(store, `/large.bchf/${path}`);
  assert.ok(part && 'bytes' in part);
  return Uint8Array.from(part.bytes);
};

const fetchLarge = (out: string, more: Partial<FetchOptions> = {}) =>
  fetchSnapshot({ get, out, bytesMax: MAX, ...more });

test('a snapshot comes over whole, byte by byte', async () => {
  const out = newOut();
  const manifest = await fetchLarge(out, { signers: [signer] });
  assert.ok(manifest.chunks.length >= 3);
  assert.deepEqual(readFileSync(out), readFileSync(join(there, 'large.bchf')));
  assert.equal(readdirSync(join(out, '..')).length, 1);
  await loadSnapshot(out);
});

test('what was interrupted goes on, and what was damaged meanwhile comes again', async () => {
  const out = newOut();
  const asked: string[] = [];
  const breaking: GetPart = async (path, bytesMax) => {
    if (path === 'chunks/2') throw new Error('the line is cut');
    return get(path, bytesMax);
  };
  const cut = fetchLarge(out, { get: breaking, parallel: 1 });
  await assert.rejects(cut, { code: 'BCHF_SNAPSHOT_FETCH_FAILED' });
  assert.ok(!existsSync(out));
  const [partial] = readdirSync(join(out, '..'));
  const bytes = readFileSync(join(out, '..', partial!));
  bytes[5]! ^= 1;
  writeFileSync(join(out, '..', partial!), bytes);
  const watching: GetPart = async (path, bytesMax) => {
    asked.push(path);
    return get(path, bytesMax);
  };
  await fetchLarge(out, { get: watching });
  assert.ok(asked.includes('chunks/0') && asked.includes('chunks/2'));
  assert.ok(!asked.includes('chunks/1'));
  assert.deepEqual(readFileSync(out), readFileSync(join(there, 'large.bchf')));
});

test('whatever part comes wrong, nothing gets the name', async () => {
  const wrong = (path: string, change: (bytes: Uint8Array) => Uint8Array): GetPart => {
    return async (asked, bytesMax) => {
      const bytes = await get(asked, bytesMax);
      return asked === path ? change(bytes) : bytes;
    };
  };
  const flip = (at: number) => (bytes: Uint8Array) =>
    bytes.map((one, i) => (i === at ? one ^ 1 : one));
  const cases: [GetPart, string][] = [
    [wrong('chunks/1', flip(9)), 'BCHF_SNAPSHOT_FETCH_FAILED'],
    [wrong('chunks/1', (bytes) => bytes.subarray(1)), 'BCHF_SNAPSHOT_FETCH_FAILED'],
    [wrong('chunks/0', () => new Uint8Array(0)), 'BCHF_SNAPSHOT_FETCH_FAILED'],
    [wrong('manifest', flip(9)), 'BCHF_SNAPSHOT_INVALID'],
    [wrong('manifest', (bytes) => bytes.subarray(0, 20)), 'BCHF_SNAPSHOT_FETCH_FAILED'],
    [wrong('manifest', (bytes) => bytes.subarray(0, -1)), 'BCHF_SNAPSHOT_TOO_LARGE'],
  ];
  for (const [from, code] of cases) {
    const out = newOut();
    await assert.rejects(fetchLarge(out, { get: from }), { code });
    assert.ok(!existsSync(out));
  }
});

test('another manifest, another signer, or more bytes than wanted are refused before any chunk', async () => {
  const noChunks: GetPart = (path, bytesMax) => {
    assert.equal(path, 'manifest');
    return get(path, bytesMax);
  };
  const refused = (more: Partial<FetchOptions>, code: string) =>
    assert.rejects(fetchLarge(newOut(), { get: noChunks, ...more }), { code });
  await refused({ manifestHash: '0'.repeat(64) }, 'BCHF_SNAPSHOT_FETCH_FAILED');
  await refused({ signers: ['ab'.repeat(32)] }, 'BCHF_SNAPSHOT_UNSIGNED');
  await refused({ bytesMax: 1 << 20 }, 'BCHF_SNAPSHOT_TOO_LARGE');
});

test('what the chain does not say is not kept', async () => {
  const out = newOut();
  const accept = () => Promise.reject(Object.assign(new Error('no'), { code: 'NOT_PROVEN' }));
  await assert.rejects(fetchLarge(out, { accept }), { code: 'NOT_PROVEN' });
  assert.ok(!existsSync(out));
});

test('only parts that there are, of files in the directory, are handed out', async () => {
  const unknown = ['/large.bchf/chunks/99', '/none.bchf/manifest', '/..%2flarge.bchf/manifest'];
  for (const path of unknown) {
    await assert.rejects(readPart(store, path), { code: 'BCHF_SNAPSHOT_UNKNOWN' }, path);
  }
  for (const path of [
    '/',
    '/large.bchf',
    '/a/b/chunks/1',
    '/large.bchf/chunks/-1',
    '/../x/manifest',
  ]) {
    const part = await readPart(store, path).catch(({ code }) => code);
    assert.ok(part === undefined || part === 'BCHF_SNAPSHOT_UNKNOWN', path);
  }
  const list = await readPart(store, '');
  assert.ok(list && 'json' in list);
  const { snapshots } = list.json as { snapshots: { name: string }[] };
  assert.deepEqual(
    snapshots.map(({ name }) => name),
    ['large.bchf'],
  );
});

test('the command fetches the newest from the admin port of a server', async () => {
  const served = mkdtempSync(join(root, 'served-'));
  for (const content of [1, 2]) await writeContent(join(served, `${content}.bchf`), content);
  forge(join(served, '2.bchf'), {});
  const service = await serveContents(served, {}, { workers: 1, udpWorkers: 1, sbiWorkers: 0 });
  try {
    const out = newOut();
    const url = `http://127.0.0.1:${service.ports.admin}/admin/v1/snapshots`;
    const fetched = await runBchf('snapshot', 'fetch', url, '--out', out, '--json');
    assert.equal(fetched.code, 0, fetched.stderr);
    assert.equal(JSON.parse(fetched.stdout).manifest.height, 2);
    assert.deepEqual(readFileSync(out), readFileSync(join(served, '2.bchf')));
    const missing = await runBchf('snapshot', 'fetch', `${url}/none.bchf`, '--out', out);
    assert.match(missing.stderr, /^BCHF_SNAPSHOT_FETCH_FAILED/m);
    const none = getBytes({ url }, '/admin/v1/snapshots/none.bchf/manifest', 10);
    await assert.rejects(none, { code: 'BCHF_SERVER_UNREACHABLE' });
  } finally {
    await service.stop();
  }
});
