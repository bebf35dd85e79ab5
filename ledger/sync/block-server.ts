// Answers what peers ask about blocks: ranges of them, and the newest with its proof.

import { decodeBlock } from '../block/block-codec.ts';
import {
  decodeRange,
  type EncodedBlock,
  encodeBlockMessage,
  encodeHead,
  namesOf,
} from '../gossip/message-codec.ts';
import { ANSWER_BYTES_MAX, FRAME_BYTES_MAX, type Transport } from '../gossip/transport.ts';

/** Most blocks of one answer. */
export const RANGE_BLOCKS_MAX = 16;

export interface BlockSource {
  chainId: string;
  tip: { height: number };
  encodedBlock(height: number): Promise<EncodedBlock | undefined>;
}

/** Serves the blocks of a source. An answer ends early where a block is missing or it gets too long. */
export function serveBlocks(transport: Transport, source: BlockSource): void {
  const { rangeProtocol, tipProtocol } = namesOf(source.chainId);
  transport.serve(rangeProtocol, async function* (request) {
    const range = decodeRange(request);
    if (!range) throw new RangeError('no range');
    const count = Math.min(range.count, RANGE_BLOCKS_MAX);
    let bytes = 0;
    for (let height = range.from; height < range.from + count; height++) {
      const encoded = await source.encodedBlock(height);
      if (!encoded) return;
      const frame = encodeBlockMessage(encoded);
      bytes += frame.length;
      // The asker counts too, and asks again from where the answer ends.
      if (frame.length > FRAME_BYTES_MAX || bytes > ANSWER_BYTES_MAX) return;
      yield frame;
    }
  });
  let newest: { height: number; frame: Uint8Array } | undefined;
  transport.serve(tipProtocol, async function* () {
    const { height } = source.tip;
    if (height === 0) return;
    if (newest?.height !== height) {
      const encoded = await source.encodedBlock(height);
      if (!encoded) return;
      const { header } = decodeBlock(encoded.block);
      const { commit } = encoded;
      newest = { height, frame: encodeBlockMessage({ head: encodeHead(header), commit }) };
    }
    yield newest.frame;
  });
}
