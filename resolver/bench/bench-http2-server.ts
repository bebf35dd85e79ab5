// What the bench http2 loads, as a process that it starts: the service-based interfaces over an index
// of ported numbers, or a bare answer of `node:http2`. Arguments: `sbi` and how many numbers, or
// `bare` and the bytes of the body. Tells its parent its port; ends with it.

import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { encodeLabel, NewestBlock } from '../freshness.ts';
import { NumberResolver } from '../resolve.ts';
import { RouteTable } from '../route-table.ts';
import { generateTokenKeys, publicPemOf } from '../sbi/access-token.ts';
import { serveSbi } from '../sbi/serve-sbi.ts';
import { benchRoute, FIRST_KEY, ROUTES, SPACING } from './bench-http2-numbers.ts';

const [what, amount] = process.argv.slice(2);
process.send?.({
  port: what === 'sbi' ? await serveIndex(Number(amount)) : await serveBare(amount),
});
process.on('disconnect', () => process.exit(0));

async function serveIndex(entries: number): Promise<number> {
  const label = encodeLabel({ height: 1, blockHash: new Uint8Array(32), timeMs: 0 });
  const [imsi, msisdn] = [createWasmIndex(), createWasmIndex()];
  const step = 10_000;
  for (let at = 0; at < entries; at += step) {
    const keys = Array.from({ length: Math.min(step, entries - at) }, (_, one) => at + one);
    imsi.apply(
      keys.map((number) => {
        const key = FIRST_KEY + number * SPACING;
        return { entry: 'ported' as const, from: key, to: key, route: number % ROUTES };
      }),
      label,
    );
  }
  const routes = new RouteTable();
  const table = Array.from({ length: ROUTES }, (_, number) => ({
    number,
    route: benchRoute(number),
  }));
  routes.apply({ version: 1, routes: table });
  const server = await serveSbi({
    host: '127.0.0.1',
    port: 0,
    settings: {
      validitySeconds: 60,
      collocated: [],
      limits: {},
      elementScheme: 'http',
      nfInstanceId: 'dddddddd-dddd-4ddd-8ddd-dddddddddddd',
      tls: undefined,
      connectionsMax: 1024,
      tokenPolicy: 'off',
      tokenPublicKey: publicPemOf(generateTokenKeys()),
      nrf: undefined,
    },
    resolver: new NumberResolver({ imsi, msisdn }, routes, new NewestBlock(), Date.now),
    routes,
    authorise: () => undefined,
    askMinimalNrf: () => Promise.reject(new Error('every number of the bench has an entry')),
    onError: (error) => {
      throw error;
    },
    now: Date.now,
  });
  return server.port;
}

function serveBare(bytes: string | undefined): Promise<number> {
  const body = Buffer.alloc(Number(bytes), 'x');
  const server = http2.createServer();
  server.on('stream', (stream) => {
    stream.respond({
      ':status': 200,
      'content-type': 'application/json',
      'content-length': body.length,
    });
    stream.end(body);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
