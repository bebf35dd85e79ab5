// The Wasm builds as the model test has them, with the reference as their oracle.

import { ReferenceIndex } from '../reference-index.ts';
import { loadImage } from '../wasm-image.ts';
import { createWasmIndex, type WasmIndex } from '../wasm-index.ts';
import type { WasmBuild } from '../wasm-module.ts';
import { imageOf } from './forged-images.ts';
import type { ModelSubject } from './index-model.ts';

const memoryBytesMax = 256 << 20;

export function wasmSubject(build: WasmBuild): ModelSubject {
  const options = { memoryBytesMax, build };
  return {
    create: () => createWasmIndex(options),
    createOracle: () => new ReferenceIndex(),
    reload: (index) => loadImage(imageOf(index as WasmIndex), options),
  };
}
