// A resolver of one serving thread for the bench `access`, in a process of its own: some ported IMSIs, the
// same terminal's key for each of them, and the options that the parent gives. It tells the parent its port.

import pino from 'pino';
import { privateKeyOf, rawPublicKey } from '../../ledger/ed25519.ts';
import { createWasmIndex } from '../../wasm/wasm-index.ts';
import { configure, servingOptions } from '../config.ts';
import { encodeLabel, NewestBlock } from '../freshness.ts';
import { startService } from '../service.ts';
import { exampleRoute } from '../test/example-route.ts';
import { ENTRIES, FIRST_KEY, TERMINAL_SEED } from './bench-access-numbers.ts';

const label = encodeLabel({ height: 1, blockHash: new Uint8Array(32), timeMs: 0 });
const indexes = { imsi: createWasmIndex(), msisdn: createWasmIndex() };
indexes.imsi.apply(
  Array.from({ length: ENTRIES }, (_, at) => {
    const key = FIRST_KEY + at;
    return { entry: 'ported' as const, from: key, to: key, route: 0 };
  }),
  label,
);
indexes.msisdn.apply([], label);
const ports = { httpPort: 0, udpPort: 0, enumPort: 0, pdbPort: 0, sbiPort: 0, adminPort: 0 };
const own = { ...ports, workers: 1, udpWorkers: 1, sbiWorkers: 0 };
const flags = { ...own, ...JSON.parse(process.argv[2] ?? '{}') };
const publicKey = rawPublicKey(privateKeyOf(TERMINAL_SEED));
const service = await startService({
  config: configure(servingOptions, { flags, environment: {} }).values,
  indexes,
  routes: [exampleRoute('udm')],
  newestBlock: new NewestBlock(),
  terminalKeyOf: () => publicKey,
  log: pino({ level: 'error' }),
  onFailure: (error) => {
    throw error;
  },
});
process.send?.({ port: service.ports.http });
