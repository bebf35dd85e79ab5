// A UDP batch server that computes its answers as the generator computes what it expects, and so
// serves populations that no machine here holds: `node dist/loadtest/test/computed-server.js
// 1000000000 5350`.

import { readNumberingData } from '../../ledger/population/numbering-data.ts';
import { createPopulation } from '../../ledger/population/population.ts';
import { createDgramTransport } from '../../resolver/udp/dgram-transport.ts';
import { computedHandler } from './load-fixtures.ts';

const [ported, port] = process.argv.slice(2).map(Number);
const data = readNumberingData();
const population = createPopulation({ data, ported: ported!, profile: 25, seed: 1 });
const numbers = new Map(population.routes.map(({ id }, at) => [id, at]));
const transport = createDgramTransport({ host: '127.0.0.1', port: port! });
const handler = computedHandler(
  population.expected,
  (route) => numbers.get(route)!,
  (routeNumber) => population.routes[routeNumber],
);
transport.handle(handler);
await transport.open();
process.stdout.write(`${population.routes.length} routes; UDP port ${port}\n`);
