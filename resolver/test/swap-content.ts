// Contents to swap between, made so that each answer of each interface tells which one it is of.

import type { IndexChange } from '../../wasm/number-index.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { encodeLabel } from '../freshness.ts';
import { type SnapshotContent, writeSnapshot } from '../snapshot/snapshot-file.ts';
import { exampleRoute } from './example-route.ts';

export const PORTED = 1_000;
const FIRST = 1_358_401_000_000;

/** The numbers that every content has, each with another route. */
export const numbers = Array.from({ length: PORTED }, (_, at) => FIRST + 7 * at);

/** Routes of a content: their ids and places differ from one content to the next. */
export function routesOf(content: number) {
  const own = (part: string) =>
    exampleRoute(`${part}-${content}`, {
      member: `member-${content}`,
      groupId: `group-${content}`,
      plmn: { mcc: '244', mnc: String(10 + (content % 80)) },
    });
  // One more route in front for each content, so that a place of the table never means the same.
  return [
    ...Array.from({ length: content }, (_, at) => own(`unused${at}`)),
    own('first'),
    own('second'),
  ];
}

/** Height and ids of a content follow from its number. */
export function contentOf(
  content: number,
  more: { height?: number; chainId?: string } = {},
): SnapshotContent {
  const routes = routesOf(content);
  const block = {
    ...(more.chainId !== undefined && { chainId: more.chainId }),
    height: more.height ?? content,
    blockHash: new Uint8Array(32).fill(content),
    timeMs: 1_700_000_000_000,
  };
  const changes: IndexChange[] = numbers.map((key, at) => ({
    entry: 'ported',
    from: key,
    to: key,
    route: routes.length - 1 - (at % 2),
  }));
  const label = encodeLabel(block);
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  indexes.imsi.apply(
    [{ entry: 'prefix', from: 124_405, to: 124_405, route: routes.length - 2 }],
    label,
  );
  indexes.msisdn.apply(changes, label);
  return { indexes, routes, block };
}

/** The id of the route that a content gives the number at a place. */
export function expectedRoute(content: number, at: number): string {
  return `${at % 2 === 0 ? 'second' : 'first'}-${content}`;
}

export async function writeContent(
  path: string,
  content: number,
  more: { height?: number; chainId?: string } = {},
): Promise<void> {
  await writeSnapshot(path, contentOf(content, more), 1_700_000_000_000 + content);
}
