// What the shared word of a sharded index promises, without threads: whatever is published in the
// middle of a read is published by the read itself.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Publication } from '../publication.ts';

const trap = { name: 'IndexError', code: 'BCHF_INDEX_TRAP' };

describe('Publication', () => {
  it('reads again whenever something was published meanwhile, in any thread', () => {
    const writer = new Publication();
    const reader = new Publication(writer.buffer);
    const shards = [0, 0];
    let reads = 0;
    const seen = reader.read(() => {
      const first = shards[0];
      if (reads++ < 3) writer.publish(() => shards.fill(reads));
      return [first, shards[1]];
    });
    assert.deepEqual(seen, [3, 3]);
    assert.equal(reads, 4);
  });

  it('refuses every read and further publications after one that failed half-way', () => {
    const writer = new Publication();
    const reader = new Publication(writer.buffer);
    const failure = new Error('a shard trapped');
    assert.throws(
      () =>
        writer.publish(() => {
          throw failure;
        }),
      failure,
    );
    for (const publication of [writer, reader]) {
      assert.throws(() => publication.read(() => 1), trap);
      assert.throws(() => publication.publish(() => {}), trap);
    }
  });

  it('waits for the end of a publication for a limited time', () => {
    const writer = new Publication();
    const reader = new Publication(writer.buffer, 1);
    writer.publish(() => assert.throws(() => reader.read(() => 1), trap));
    assert.equal(
      reader.read(() => 1),
      1,
    );
  });

  it('goes on when the word has been through its range', () => {
    const writer = new Publication();
    const word = new Int32Array(writer.buffer);
    word[0] = 0x7fff_fffe;
    writer.publish(() => assert.equal(word[0], 0x7fff_ffff));
    assert.equal(word[0], 0);
    assert.equal(
      writer.read(() => 2),
      2,
    );
  });
});
