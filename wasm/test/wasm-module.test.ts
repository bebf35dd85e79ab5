// What the Wasm builds promise beyond the interface: nothing in them but code, one memory, traps that
// become errors, places for readers.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { createWasmIndex } from '../wasm-index.ts';
import {
  IMAGE_HEADER_BYTES,
  instantiate,
  PAGE_BYTES,
  PAGES_BEFORE_ARENA,
  READERS,
  wasmFile,
} from '../wasm-module.ts';
import { openReader, readerBlockOf } from '../wasm-reader.ts';
import { ported, routeFor } from './changes.ts';

const memoryBytesMax = 16 << 20;
const SECTION_DATA = 11;

/** The section ids of a module (WebAssembly Core Specification, section 5.5.2). */
function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at++]!);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size += (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return ids;
}

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm module, ${build}`, () => {
    const bytes = readFileSync(wasmFile(build));

    it('has no data that instantiating it would write over an index', () => {
      assert.equal(sectionIds(bytes).includes(SECTION_DATA), false);
    });

    it('imports nothing but the memory', () => {
      const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
      assert.deepEqual(imports, [{ module: 'env', name: 'memory', kind: 'memory' }]);
    });

    it('has the arena and the readers where the host expects them', () => {
      const index = createWasmIndex({ memoryBytesMax, build });
      const wasm = instantiate(index.memory, build);
      const arena = wasm.call((exports) => exports.ARENA.value);
      assert.equal(arena, PAGES_BEFORE_ARENA * PAGE_BYTES);
      const headerBytes = wasm.call((exports) => exports.HEADER_BYTES.value);
      assert.equal(headerBytes, IMAGE_HEADER_BYTES);
      assert.equal(
        wasm.call((exports) => exports.READERS.value),
        READERS,
      );
      const second = wasm.call((exports) => exports.claimReader());
      assert.equal(index.readerNumber, 0);
      assert.equal(second, readerBlockOf(1));
    });

    it('turns a trap into an error, and refuses every later call', () => {
      const index = createWasmIndex({ memoryBytesMax, build });
      // Points the current version (HEADER_CURRENT in layout.ts) beyond the memory.
      new DataView(index.memory.buffer).setUint32(72, 0xffff_ff00, true);
      const trapped = (error: unknown): boolean => {
        assert.ok(error instanceof Error && 'code' in error);
        assert.equal(error.code, 'BCHF_INDEX_TRAP');
        return error.cause instanceof WebAssembly.RuntimeError;
      };
      assert.throws(() => index.find(18), trapped);
      assert.throws(() => index.apply([]), trapped);
    });

    it('computes XXH64', () => {
      const { memory } = createWasmIndex({ memoryBytesMax, build });
      const wasm = instantiate(memory, build);
      const hash = (text: string): string => {
        const at = wasm.call((exports) => exports.CHANGES.value);
        new Uint8Array(memory.buffer, at, text.length).set(Buffer.from(text));
        const sum = wasm.call((exports) => exports.xxh64(at, text.length, 0n));
        return BigInt.asUintN(64, sum).toString(16);
      };
      assert.equal(hash(''), 'ef46db3751d8e999');
      assert.equal(hash('abc'), '44bc2cf5ad770999');
      assert.equal(hash('Nobody inspects the spammish repetition'), 'fbcea83c8a378bf1');
    });
  });
}

describe('Wasm readers', () => {
  it('answer in the memory itself when given their own keys and answers', () => {
    const index = createWasmIndex({ memoryBytesMax });
    index.apply([ported(1861, 7)]);
    const reader = openReader(index.memory);
    reader.keys[0] = 1861;
    reader.lookup(reader.keys, reader.answers, 1);
    assert.equal(reader.answers[0]! & 0xfffff, 7);
    reader.close();
  });

  it('are 64 at most, the writer among them; a closed or evicted one makes room', () => {
    const index = createWasmIndex({ memoryBytesMax });
    const readers = Array.from({ length: 63 }, () => openReader(index.memory));
    const refused = { name: 'IndexError', code: 'BCHF_INDEX_READERS_MAX' };
    assert.throws(() => openReader(index.memory), refused);
    readers[10]!.close();
    assert.equal(openReader(index.memory).readerNumber, readers[10]!.readerNumber);
    index.evictReader(readers[20]!.readerNumber);
    assert.equal(openReader(index.memory).readerNumber, readers[20]!.readerNumber);
    assert.throws(() => openReader(index.memory), refused);
  });

  it('cannot be evicted where they are none, or the writer', () => {
    const index = createWasmIndex({ memoryBytesMax });
    for (const readerNumber of [index.readerNumber, -1, 0.5, 64]) {
      assert.throws(() => index.evictReader(readerNumber), RangeError);
    }
  });

  it('see a batch as soon as it is applied, and find views still good after the memory grew', () => {
    const index = createWasmIndex({ memoryBytesMax });
    const reader = openReader(index.memory);
    const bytesBefore = index.memory.buffer.byteLength;
    for (let batch = 0; index.memory.buffer.byteLength === bytesBefore; batch++) {
      const first = 1_000_000_000_000 + batch * 10_000_000;
      index.apply(Array.from({ length: 1000 }, (_, at) => ported(first + at * 9973, batch)));
      assert.equal(routeFor(reader, first), batch);
    }
    assert.equal(routeFor(reader, 1_000_000_000_000), 0);
  });
});

describe('a trap of a reader', () => {
  const trap = () => new WebAssembly.RuntimeError('memory access out of bounds');

  it('is tried again once where the writer has grown the memory since, and counts otherwise', () => {
    const { memory } = createWasmIndex({ memoryBytesMax });
    const wasm = instantiate(memory, 'release');
    let tries = 0;
    const trapsOnce = () => {
      if (tries++ === 0) throw trap();
      return tries;
    };
    memory.grow(1);
    assert.equal(wasm.read(trapsOnce), 2);
    tries = 0;
    assert.throws(() => wasm.read(trapsOnce), { code: 'BCHF_INDEX_TRAP' });
    assert.equal(tries, 1);
    assert.throws(() => wasm.read(() => 0), { code: 'BCHF_INDEX_TRAP' });
  });

  it('is never tried again for the writer, nor what is no trap', () => {
    for (const [kind, fault] of [
      ['call', trap()],
      ['read', new RangeError('the stack is full')],
    ] as const) {
      const { memory } = createWasmIndex({ memoryBytesMax });
      const wasm = instantiate(memory, 'release');
      memory.grow(1);
      let tries = 0;
      const faulty = () => {
        tries++;
        throw fault;
      };
      assert.throws(() => wasm[kind](faulty), { code: 'BCHF_INDEX_TRAP' });
      assert.equal(tries, 1);
    }
  });
});
