// What tests of the OpenAPI document send requests to: the HTTP interface over a ledger of a few blocks, with
// faults where they are wanted, and a gate in front where that is wanted.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '../../../ledger/ledger.ts';
import {
  authorityPublicKey,
  chainId,
  foundation,
  key,
  Signer,
} from '../../../ledger/test/consortium.ts';
import type { TransactionBody } from '../../../ledger/transaction-body.ts';
import { createWasmIndex } from '../../../wasm/wasm-index.ts';
import { NewestBlock } from '../../freshness.ts';
import { LedgerDesk } from '../../ledger-desk.ts';
import { type AskLedger, LedgerBusy } from '../../ledger-questions.ts';
import { NumberResolver } from '../../resolve.ts';
import { RouteTable } from '../../route-table.ts';
import { applyToIndexes } from '../../served-content.ts';
import { resolveBatch } from '../batch-answer.ts';
import { ChangeStreams, EVENT_STREAM_TYPE } from '../change-streams.ts';
import type { HttpHandler } from '../http-handler.ts';
import { type HttpServices, headersReadAt, routeRequest } from '../http-router.ts';
import { listenHttp } from '../http-server.ts';
import { problem } from '../problem.ts';
import type { Reply } from './openapi-document.ts';

export type Fault = 'none' | 'throws' | 'busy' | 'pruned' | 'no-ledger';

export interface ApiServer {
  send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: Uint8Array,
  ): Promise<Reply>;
  /** Lets everything that asks the ledger fail in one way from now on. */
  inject(fault: Fault): void;
  resolver: NumberResolver;
  close(): Promise<void>;
}

const PORTED = {
  ...({ kind: 'port', identity: 'msisdn', donor: 'a', recipient: 'b', route: 'b1' } as const),
};
const BLOCKS: TransactionBody[][] = [
  foundation,
  [
    { ...PORTED, numbers: [key('8611000')] },
    {
      kind: 'register-roaming-contract',
      ...{ member: 'a', name: 'world', prices: [{ service: 'messages', price: 2 }] },
    },
  ],
  [{ ...PORTED, numbers: [key('8611001')] }],
];

/** @param guard puts something in front of the handler, which gets the headers that are named */
export async function startApi(
  guard: (handle: HttpHandler, resolver: NumberResolver) => HttpHandler = (handle) => handle,
  guardHeaders: readonly string[] = [],
): Promise<ApiServer> {
  const directory = mkdtempSync(join(tmpdir(), 'bchf-openapi-'));
  const ledger = await openLedger({
    ...{ directory, chainId, authorityPublicKey, settings: {}, now: Date.now },
  });
  const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
  const signer = new Signer();
  for (const bodies of BLOCKS) {
    const block = await ledger.commit(bodies.map((body) => signer.sign(body)));
    assert.ok(block.results.every(({ code }) => code === 'OK'));
    applyToIndexes(indexes, block, block.changes);
  }
  const routes = new RouteTable();
  routes.apply({
    version: 1,
    routes: ledger.routes().map((route, number) => ({ number, route })),
  });
  const newest = new NewestBlock();
  newest.committed(ledger.tip.height, Date.now());
  const resolver = new NumberResolver(indexes, routes, newest, Date.now);
  const desk = new LedgerDesk(ledger);
  let fault: Fault = 'none';
  const ask: AskLedger = (name, question) => {
    if (fault === 'throws') return Promise.reject(new Error('a fault of the program'));
    if (fault === 'busy') return Promise.reject(new LedgerBusy('busy'));
    const refuses = fault === 'pruned' && (name === 'asOf' || name === 'changes');
    return refuses ? (Promise.resolve({ refusal: 'not-kept' }) as never) : desk.ask(name, question);
  };
  const openStreams = () =>
    new ChangeStreams({
      ...{ ask, routes, servedHeight: ledger.tip.height, streamsMax: 50, now: () => 0 },
    });
  let streams = openStreams();
  const services: HttpServices = {
    ...{ resolver, routes, metrics: async () => 'metric 1\n' },
    longBatches: (question) => Promise.resolve(resolveBatch(question, resolver)),
  };
  const route: HttpHandler = (request) =>
    routeRequest(
      request,
      fault === 'no-ledger' ? services : { ...services, askLedger: ask, changes: streams },
    );
  const server = await listenHttp(
    '127.0.0.1',
    0,
    guard(route, resolver),
    () => problem(500, 'SYSTEM_FAILURE', 'The request could not be answered.'),
    { headerNames: (path) => [...headersReadAt(path), ...guardHeaders] },
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    resolver,
    inject(next) {
      fault = next;
      // New ones have kept nothing yet.
      streams.close();
      streams = openStreams();
    },
    send: (method, path, headers, body) =>
      new Promise((resolve, reject) => {
        const asking = request(
          { ...{ host: '127.0.0.1', port: server.port, agent, method, path, headers } },
          (response) => {
            const type = response.headers['content-type'] ?? '';
            const parts: Buffer[] = [];
            const done = () => {
              const bytes = Buffer.concat(parts);
              const { statusCode, headers } = response;
              resolve({ status: statusCode!, type, headers, text: bytes.toString(), bytes });
            };
            response.on('data', (chunk: Buffer) => {
              parts.push(chunk);
              if (type !== EVENT_STREAM_TYPE) return;
              done();
              response.destroy();
            });
            response.on('end', done);
            response.on('error', reject);
          },
        );
        asking.on('error', reject);
        asking.end(body);
      }),
    async close() {
      agent.destroy();
      streams.close();
      server.close();
      await ledger.close();
      rmSync(directory, { recursive: true });
    },
  };
}
