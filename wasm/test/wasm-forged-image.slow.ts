// Images with words that some writer never wrote, and a checksum that fits them. A hundred
// thousand for each build.

import { describe } from 'node:test';
import { itSurvivesForgeries } from './image-forging.ts';
import { runSeed } from './random.ts';

for (const build of ['debug', 'release'] as const) {
  describe(`Wasm index images that were forged, ${build}`, () => {
    itSurvivesForgeries(build, runSeed(), 100_000);
  });
}
