import { createWasmIndex } from '../wasm-index.ts';
import { indexSuite } from './index-suite.ts';

const memoryBytesMax = 64 << 20;

for (const build of ['debug', 'release'] as const) {
  indexSuite({
    name: `Wasm, ${build}`,
    create: () => createWasmIndex({ memoryBytesMax, build }),
    keepsPortedUserData: false,
  });
}
