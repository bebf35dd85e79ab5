// Images with words that some writer never wrote, and a checksum that fits them. A million for the
// release build, a hundred thousand for the debug build.

import { describe } from 'node:test';
import { itSurvivesForgeries } from './image-forging.ts';
import { runSeed } from './random.ts';

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm index images that were forged, ${build}`, () => {
    itSurvivesForgeries(build, runSeed(), build === 'release' ? 1_000_000 : 100_000);
  });
}
