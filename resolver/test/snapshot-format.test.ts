// The form of snapshot files: earlier and later versions, compression, signatures.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { rawPublicKey } from '../../ledger/ed25519.ts';
import { BEST_COMPRESSION } from '../snapshot/compression.ts';
import { loadSnapshot, readManifest, writeSnapshot } from '../snapshot/snapshot-file.ts';
import { forge } from './forge-snapshot.ts';
import { contentOf } from './swap-content.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-format-'));
after(() => rmSync(directory, { recursive: true }));
/** Where an image has its format; see wasm/assembly/layout.ts. */
const IMAGE_FORMAT_AT = 8;
let files = 0;
const newPath = () => join(directory, `${files++}.bchf`);
const content = contentOf(3, { chainId: 'test' });

async function assertSameContent(path: string): Promise<void> {
  for (const check of ['full', 'fast'] as const) {
    const { indexes, routes, block } = await loadSnapshot(path, { check });
    assert.deepEqual(routes, content.routes);
    assert.deepEqual([block.height, block.chainId], [3, 'test']);
    for (const identity of ['imsi', 'msisdn'] as const) {
      assert.deepEqual([...indexes[identity].entries()], [...content.indexes[identity].entries()]);
    }
  }
}

test('a later version is read if it says so, and an unknown section is passed over', async () => {
  const path = newPath();
  await writeSnapshot(path, content, 5);
  const section = { name: 'later', isCritical: false, content: Buffer.from('anything') };
  forge(path, { versions: [9, 2], section, manifest: (one) => ({ ...one, later: { a: 1 } }) });
  assert.equal((await readManifest(path)).formatVersion, 9);
  await assertSameContent(path);
});

test('an earlier version, and a later one that cannot be read, are refused as that', async () => {
  const section = { name: 'later', isCritical: true, content: Buffer.from('anything') };
  const versions: [number, number][] = [
    [1, 0],
    [1, 2],
    [3, 3],
  ];
  for (const forgery of [...versions.map((pair) => ({ versions: pair })), { section }]) {
    const path = newPath();
    await writeSnapshot(path, content, 5);
    forge(path, forgery);
    await assert.rejects(loadSnapshot(path), { code: 'BCHF_SNAPSHOT_VERSION' });
  }
});

test('a snapshot whose images have another format is refused as that', async () => {
  const path = newPath();
  const older = contentOf(3, { chainId: 'test' });
  new DataView(older.indexes.msisdn.memory.buffer).setUint32(IMAGE_FORMAT_AT, 1, true);
  await writeSnapshot(path, older, 5);
  await assert.rejects(loadSnapshot(path), { code: 'BCHF_SNAPSHOT_VERSION' });
});

for (const compression of new Set(['gzip', BEST_COMPRESSION] as const)) {
  test(`sections compressed by ${compression} give back the same content, and are smaller`, async () => {
    const [plain, packed] = [newPath(), newPath()];
    await writeSnapshot(plain, content, 5);
    const manifest = await writeSnapshot(packed, content, 5, { compression });
    assert.ok(statSync(packed).size < statSync(plain).size / 2);
    assert.deepEqual(await readManifest(packed), manifest);
    await assertSameContent(packed);
  });
}

test('a section that unpacks to more than it says, or to nothing, is refused', async () => {
  const bomb = gzipSync(Buffer.alloc(8 << 20));
  for (const [name, bytes, contentBytes] of [
    ['a bomb', bomb, undefined],
    ['a bomb that says how large it is', bomb, 8 << 20],
    ['a bomb that says it is larger than any memory', bomb, 2 ** 40],
    ['no gzip', Buffer.from('no gzip'), undefined],
  ] as const) {
    const path = newPath();
    await writeSnapshot(path, { ...content, routes: [] }, 5, { compression: 'gzip' });
    const file = readFileSync(path);
    const offset = Number(file.readBigUInt64LE(file.length - 64));
    // In place of the last section, whose length it is told with.
    const { sections } = JSON.parse(file.toString('utf8', offset, file.length - 64));
    const last = sections.at(-1);
    const head = Buffer.concat([file.subarray(0, last.offset), bytes]);
    const footer = Buffer.from(file.subarray(-64));
    footer.writeBigUInt64LE(BigInt(head.length), 0);
    writeFileSync(path, Buffer.concat([head, file.subarray(offset, -64), footer]));
    forge(path, {
      manifest: (one) => ({
        ...one,
        sections: one.sections.map((section) =>
          section.name === last.name
            ? { ...section, bytes: bytes.length, ...(contentBytes && { contentBytes }) }
            : section,
        ),
      }),
    });
    await assert.rejects(loadSnapshot(path), { code: 'BCHF_SNAPSHOT_INVALID' }, name);
  }
});

test('a signature names its creator, and no other byte of it is taken', async () => {
  const path = newPath();
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeSnapshot(path, content, 5, { creatorKey: privateKey });
  const creator = Buffer.from(rawPublicKey(privateKey)).toString('hex');
  assert.equal((await readManifest(path)).creator, creator);
  await assertSameContent(path);
  const bytes = readFileSync(path);
  for (let at = bytes.length - 64 - 96; at < bytes.length - 64; at += 5) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 4;
    writeFileSync(path, damaged);
    await assert.rejects(readManifest(path), { code: 'BCHF_SNAPSHOT_INVALID' }, `byte ${at}`);
  }
});

test('what a quick check leaves out a full one finds: bytes between sections and manifest', async () => {
  const path = newPath();
  await writeSnapshot(path, content, 5);
  const section = { name: 'later', isCritical: false, content: Buffer.alloc(64) };
  forge(path, { section });
  const bytes = readFileSync(path);
  const offset = Number(bytes.readBigUInt64LE(bytes.length - 64));
  bytes[offset - 1]! ^= 1;
  writeFileSync(path, bytes);
  await loadSnapshot(path, { check: 'fast' });
  await assert.rejects(loadSnapshot(path), { code: 'BCHF_SNAPSHOT_INVALID' });
});

test('a quick check finds a damaged section', async () => {
  const path = newPath();
  await writeSnapshot(path, content, 5);
  const bytes = readFileSync(path);
  bytes[20]! ^= 1;
  writeFileSync(path, bytes);
  await assert.rejects(loadSnapshot(path, { check: 'fast' }), { code: 'BCHF_SNAPSHOT_INVALID' });
});
