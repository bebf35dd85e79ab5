// The ledger-desk that streams of changes ask, with blocks that tests make up.

import assert from 'node:assert/strict';
import { encodeChanges } from '../../../ledger/store/change-codec.ts';
import type { AskLedger, ServedBlock } from '../../ledger-questions.ts';
import { CONTENT, hashOf } from './http-fixture.ts';

/** A desk that has blocks, and forgets those before `first`. */
export class Desk {
  blocks: ServedBlock[] = [];
  first = 1;
  asked: number[] = [];
  atOnce = 3;
  fault: Error | undefined;

  add(changes = CONTENT, routes: number[] = []): number {
    const height = this.blocks.length + 1;
    const encoded = encodeChanges(changes);
    this.blocks.push({
      ...{ height, blockHash: hashOf(height), timeMs: 1000 * height, changes: encoded, routes },
    });
    return height;
  }

  readonly ask = (async (name: string, { since }: { since: number }) => {
    assert.equal(name, 'changes');
    this.asked.push(since);
    if (this.fault) throw this.fault;
    if (since + 1 < this.first) return { refusal: 'not-kept' };
    return { blocks: this.blocks.slice(since, since + this.atOnce) };
  }) as unknown as AskLedger;
}
