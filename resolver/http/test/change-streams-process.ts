// A listener with streams of changes as a process of its own, which is told of blocks.

import type { EntryChange } from '../../../ledger/entry.ts';
import { encodeChanges } from '../../../ledger/store/change-codec.ts';
import type { AskLedger, ServedBlock } from '../../ledger-questions.ts';
import { ChangeStreams } from '../change-streams.ts';
import { headersReadAt, routeRequest } from '../http-router.ts';
import { listenHttp } from '../http-server.ts';
import { problem } from '../problem.ts';
import { change, hashOf, SmallIndex } from './http-fixture.ts';

/** A block of so many changes is to be served. */
export interface ServeBlock {
  changes: number;
}

export type StreamsMessage =
  | { port: number }
  /** Of the process, since the last message of this kind. */
  | { cpuUs: number; cutOff: number; streams: number; residentBytes: number };

const index = new SmallIndex();
const blocks: ServedBlock[] = [];
const ask = (async (_: string, { since }: { since: number }) => ({
  blocks: blocks.slice(since, since + 16),
})) as unknown as AskLedger;
const streams = new ChangeStreams({
  ...{ ask, routes: index.routes, servedHeight: 0, streamsMax: 5_000 },
  now: () => performance.now(),
});
const services = index.services({ askLedger: ask, changes: streams });
const server = await listenHttp(
  '127.0.0.1',
  0,
  (request) => routeRequest(request, services),
  (error) => problem(500, 'SYSTEM_FAILURE', String(error)),
  { headerNames: headersReadAt },
);
setInterval(() => streams.tick(), 1000);
const send = (message: StreamsMessage) => process.send!(message);
send({ port: server.port });

let before = process.cpuUsage();
process.on('message', (message: ServeBlock | 'how') => {
  if (message === 'how') {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    const { cutOff } = streams.counters;
    const residentBytes = process.memoryUsage.rss();
    send({ cpuUs: user + system, cutOff, streams: streams.count, residentBytes });
    return;
  }
  const height = blocks.length + 1;
  const changes: EntryChange[] = Array.from({ length: message.changes }, (_, at) =>
    change('ported', String(358_501_000_000 + at), at % 2),
  );
  blocks.push({
    ...{ height, blockHash: hashOf(height % 256), timeMs: 1000 * height, routes: [] },
    changes: encodeChanges(changes),
  });
  streams.served(height);
});
process.on('disconnect', () => process.exit());
