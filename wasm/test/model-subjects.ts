// The pairs of an index and an oracle that the model test compares.

import { ReferenceIndex } from '../reference-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import type { WasmBuild } from '../wasm-module.ts';
import type { ModelSubject } from './index-model.ts';
import { ListIndex } from './list-index.ts';

const memoryBytesMax = 256 << 20;
// Once entries carry user data (IndexChange.userData), the model test gives it to them.
const withUserData = false;

export function wasmSubject(build: WasmBuild): ModelSubject {
  return {
    withUserData,
    create: () => createWasmIndex({ memoryBytesMax, build }),
    createOracle: () => new ReferenceIndex(),
    reload: (index) =>
      loadImage(Buffer.concat([...(index as WasmIndex).imageChunks()]), { memoryBytesMax, build }),
  };
}

export const referenceSubject: ModelSubject = {
  withUserData,
  create: () => new ReferenceIndex(),
  createOracle: () => new ListIndex(),
  changesMax: 150,
};
