// Huge pages: that the kernel gives them where it can, that small indexes do not pay for them, and
// that nothing breaks where there are none.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { beforeEach, describe, it } from 'node:test';
import { hugePageBytes, hugePagePolicy } from '../bench/bench-memory.ts';
import { adviseHugePages, HUGE_PAGES_BYTES_MIN } from '../huge-pages.ts';
import { createImageLoader } from '../wasm-image.ts';
import { createWasmIndex } from '../wasm-index.ts';
import {
  createMemory,
  HEADER_ROOT_FIRST,
  PAGE_BYTES,
  PAGES_BEFORE_ARENA,
  ROOT,
} from '../wasm-module.ts';
import { ported } from './changes.ts';

const HUGE_PAGE_BYTES = 2 << 20;
const FILLED_BYTES = 64 << 20;
const FILLED_PAGES = FILLED_BYTES / PAGE_BYTES;
/** The kernel may be short of huge pages; without advice there would be none. */
const ENOUGH_BYTES = FILLED_BYTES / 8;
const LIMIT_BYTES = 256 << 20;

const policy = hugePagePolicy();
const skipped =
  policy === undefined || policy === 'never'
    ? `this system gives no huge pages (${policy ?? 'no setting'})`
    : false;
const skippedUnlessAsked =
  policy === 'madvise' ? false : `huge pages are not given on request only (${policy})`;

/** What was made so far: were it collected between two readings, there would be fewer huge pages. */
const kept: unknown[] = [];

function keep<Kept>(one: Kept): Kept {
  kept.push(one);
  return one;
}

/** How many bytes more of this process lie in huge pages after an action. */
function hugeBytesFrom(action: () => void): number {
  const before = hugePageBytes()!;
  action();
  return hugePageBytes()! - before;
}

function fillEnd(memory: WebAssembly.Memory, bytes: number): void {
  new Uint8Array(memory.buffer, memory.buffer.byteLength - bytes).fill(1);
}

beforeEach(() => {
  delete process.env.BCHF_HUGE_PAGES;
});

describe('Huge pages', () => {
  // Before the kernel has anything to make huge behind the back of the tests.
  it('hold no index that is not to have them', { skip: skippedUnlessAsked }, () => {
    const fill = (): void => {
      const index = keep(createWasmIndex({ hugePages: false }));
      index.memory.grow(FILLED_PAGES);
      fillEnd(index.memory, FILLED_BYTES);
      const loader = keep(createImageLoader(FILLED_BYTES, { hugePages: false }));
      loader.write(emptyImage());
    };
    assert.equal(hugeBytesFrom(fill), 0);
  });

  it('add at most one to a small index', { skip: skippedUnlessAsked }, () => {
    const index = keep(createWasmIndex());
    const fill = (): void =>
      index.apply(Array.from({ length: 5000 }, (_, at) => ported(18_613_000_000_000 + at * 7, at)));
    assert.ok(hugeBytesFrom(fill) <= HUGE_PAGE_BYTES);
  });

  it('hold a memory that was advised, also where it grew afterwards', { skip: skipped }, () => {
    const memory = keep(createMemory(PAGES_BEFORE_ARENA + FILLED_PAGES, LIMIT_BYTES));
    assert.equal(adviseHugePages(memory, LIMIT_BYTES), 'advised');
    const first = hugeBytesFrom(() => fillEnd(memory, FILLED_BYTES));
    assert.ok(first >= ENOUGH_BYTES, `${first} bytes of ${FILLED_BYTES}`);
    memory.grow(FILLED_PAGES);
    const grown = hugeBytesFrom(() => fillEnd(memory, FILLED_BYTES));
    assert.ok(grown >= ENOUGH_BYTES, `${grown} bytes of ${FILLED_BYTES}`);
  });

  it('hold an index that was made, and one that is loaded', { skip: skipped }, () => {
    const index = keep(createWasmIndex());
    index.memory.grow(FILLED_PAGES);
    assert.ok(hugeBytesFrom(() => fillEnd(index.memory, FILLED_BYTES)) >= ENOUGH_BYTES);
    const loader = keep(createImageLoader(FILLED_BYTES));
    const image = emptyImage();
    assert.ok(hugeBytesFrom(() => loader.write(image)) >= ENOUGH_BYTES);
  });

  it('are not asked for where they are switched off, nor for a memory that stays small', () => {
    const memory = createMemory(0, LIMIT_BYTES);
    assert.equal(adviseHugePages(memory, HUGE_PAGES_BYTES_MIN - 1), 'off');
    assert.equal(adviseHugePages(memory, Number.NaN), 'off');
    process.env.BCHF_HUGE_PAGES = '0';
    assert.equal(adviseHugePages(memory, LIMIT_BYTES), 'off');
  });

  for (const [lacking, lose] of [
    ['koffi', "Module._resolveFilename = () => { throw new Error('not installed'); };"],
    ['Linux', "Object.defineProperty(process, 'platform', { value: 'sunos' });"],
  ] as const) {
    it(`are unavailable without ${lacking}, which an index does not mind`, () => {
      const url = (file: string): string => JSON.stringify(new URL(`../${file}`, import.meta.url));
      const script = `
        import Module from 'node:module';
        const { adviseHugePages } = await import(${url('huge-pages.js')});
        const { createWasmIndex } = await import(${url('wasm-index.js')});
        ${lose}
        const { memory } = createWasmIndex();
        process.stdout.write(adviseHugePages(memory, ${LIMIT_BYTES}));`;
      const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
        encoding: 'utf8',
      });
      assert.equal(stdout, 'unavailable');
    });
  }
});

/** Bytes that a loader takes in, whatever it makes of them in the end: no part of the root is in use. */
function emptyImage(): Uint8Array {
  const image = new Uint8Array(FILLED_BYTES);
  new Uint32Array(image.buffer).fill(ROOT, HEADER_ROOT_FIRST / 4, HEADER_ROOT_FIRST / 4 + 2);
  return image;
}
