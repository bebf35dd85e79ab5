import { indexSuite } from './index-suite.ts';
import { wasmSubject } from './model-subjects.ts';

for (const build of ['debug', 'release'] as const) {
  indexSuite({ name: `Wasm, ${build}`, ...wasmSubject(build) });
}
