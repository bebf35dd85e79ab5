// The pairs of an index and an oracle that the model test compares.

import type { EntryKind } from '../number-index.ts';
import { ReferenceIndex } from '../reference-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import type { WasmBuild } from '../wasm-module.ts';
import type { ModelSubject } from './index-model.ts';
import { ListIndex } from './list-index.ts';

const memoryBytesMax = 256 << 20;
// Of `fragmented` and `ported` those that carry user data, once IndexChange.userData is there.
const userDataOf: readonly EntryKind[] = [];

export function wasmSubject(build: WasmBuild): ModelSubject {
  return {
    userDataOf,
    create: () => createWasmIndex({ memoryBytesMax, build }),
    createOracle: () => new ReferenceIndex(),
    reload: (index) =>
      loadImage(Buffer.concat([...(index as WasmIndex).imageChunks()]), { memoryBytesMax, build }),
  };
}

export const referenceSubject: ModelSubject = {
  userDataOf,
  create: () => new ReferenceIndex(),
  createOracle: () => new ListIndex(),
  changesMax: 150,
};
