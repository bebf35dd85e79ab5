// Load that goes on: `bchf serve` under ENUM queries, batch datagrams and pdb queries in turns, at
// a share of what it was measured to serve, with its memory looked at all the while.

import { parseDigits } from '../../ledger/number.ts';
import { encodeQuery } from '../../resolver/enum/dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../../resolver/enum/dns-codec.ts';
import { encodeEnumName } from '../../resolver/enum/enum-name-codec.ts';
import { PortedSpace } from '../../resolver/test/interop/ported-space.ts';
import { residentBytesOf } from '../../resolver/test/interop/programs.ts';
import { serveSpace } from '../../resolver/test/interop/serve-space.ts';
import { STATUS_OK, writeLookupRequest } from '../../resolver/udp/batch-codec.ts';
import type { SystemCalls } from '../../resolver/udp/system-calls.ts';
import { type BatchLoadOptions, type BatchLoadResult, runBatchLoad } from '../batch-load.ts';
import { preparePackets } from '../packet-pool.ts';
import { encodePdbQuery, PDB_FOUND, PDB_ID_OFFSET, PDB_NOT_FOUND } from '../pdb-query-codec.ts';

export interface SustainedOptions {
  calls: SystemCalls;
  /** How long each protocol's capacity is measured. */
  capacityMs: number;
  /** How long each turn lasts, and how many each protocol has. */
  turnMs: number;
  turns: number;
  /** Of the capacity, what is asked of the server. */
  share: number;
}

/** What one turn of one protocol gave. */
export interface SustainedTurn {
  protocol: string;
  perSecond: number;
  result: BatchLoadResult;
  /** Of the server, after the turn. */
  residentBytes: number;
}

interface ProtocolLoad {
  protocol: string;
  load: Omit<BatchLoadOptions, 'durationMs'>;
}

const NUMBERS_IN_DATAGRAM = 100;
const PACKETS = 10_000;
/** Under way while capacity is measured. */
const WINDOW = 128;
/**
 * Under way at most on a schedule: what comes of a pause of the server must find room. The kernel counts
 * 2304 bytes for a packet of 100 numbers, and allows twice the 4 MiB that the server asks for.
 */
const SCHEDULE_WINDOW = 3072;
const RUNS = 3;

/** Runs the load; a line for each turn goes to `tell`. */
export async function sustain(
  options: SustainedOptions,
  tell: (line: string) => void,
): Promise<SustainedTurn[]> {
  const space = new PortedSpace({
    prefix: '35840',
    suffixDigits: 5,
    oneIn: 10,
    routes: 64,
    seed: 1,
  });
  const server = await serveSpace(space);
  try {
    const loads = loadsOf(options.calls, space, server.host, server.ports);
    const capacities = loads.map(({ load }) => capacityOf(load, options.capacityMs));
    const turns: SustainedTurn[] = [];
    for (let turn = 0; turn < options.turns; turn++) {
      for (const [at, { protocol, load }] of loads.entries()) {
        const perSecond = Math.floor(capacities[at]! * options.share);
        const result = runBatchLoad({
          ...load,
          window: SCHEDULE_WINDOW,
          perSecond,
          durationMs: options.turnMs,
          spin: false,
        });
        const residentBytes = residentBytesOf([server.pid]);
        turns.push({ protocol, perSecond, result, residentBytes });
        const { sent, lost, unsent, wrong } = result;
        tell(
          `${protocol}: ${perSecond} of ${Math.round(capacities[at]!)} a second, ${sent} sent, ` +
            `${lost} lost, ${unsent} not sent, ${wrong} wrong, ${residentBytes >> 20} MiB resident`,
        );
        // The timers and streams of this process had no turn meanwhile.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    return turns;
  } finally {
    await server.stop();
  }
}

/** The median of some closed loops, after one that is thrown away. */
function capacityOf(load: Omit<BatchLoadOptions, 'durationMs'>, durationMs: number): number {
  const rates = Array.from({ length: RUNS + 1 }, () => {
    const { answered, elapsedMs } = runBatchLoad({ ...load, window: WINDOW, durationMs });
    return (answered * 1000) / elapsedMs;
  });
  return rates.slice(1).sort((left, right) => left - right)[RUNS >> 1]!;
}

function loadsOf(
  calls: SystemCalls,
  space: PortedSpace,
  address: string,
  ports: { enum: number; batch: number; pdb: number },
): ProtocolLoad[] {
  const keyAt = (offset: number) => parseDigits(space.digitsOf(offset % space.size))!;
  const suffix = encodeName('e164.arpa')!;
  const queries = Array.from({ length: PACKETS }, (_, at) =>
    encodeQuery({ id: 0, name: encodeEnumName(keyAt(7 * at), suffix), type: RECORD_TYPE.NAPTR }),
  );
  const datagrams = Array.from({ length: PACKETS }, (_, at) => {
    const first = NUMBERS_IN_DATAGRAM * 7 * at;
    const keys = Array.from({ length: NUMBERS_IN_DATAGRAM }, (_, index) => keyAt(first + index));
    const datagram = new Uint8Array(16 + 8 * keys.length);
    writeLookupRequest(datagram, 0, 'msisdn', keys, keys.length);
    return datagram;
  });
  const pdbQueries = Array.from({ length: PACKETS }, (_, at) =>
    encodePdbQuery(space.digitsOf((7 * at) % space.size)),
  );
  const common = { calls, window: WINDOW, checkEvery: 1000 };
  return [
    {
      protocol: 'enum',
      load: {
        ...common,
        server: { address, port: ports.enum },
        packets: preparePackets(queries, calls.addressOf),
        idOffset: 0,
        check(packet, response) {
          const isFound = space.routeOf((7 * packet) % space.size) >= 0;
          const rcode = response[3]! & 15;
          return rcode === (isFound ? 0 : 3) ? undefined : `packet ${packet}: code ${rcode}`;
        },
      },
    },
    {
      protocol: 'batch',
      load: {
        ...common,
        server: { address, port: ports.batch },
        packets: preparePackets(datagrams, calls.addressOf),
        idOffset: 4,
        check(packet, response) {
          const [status, count] = [response[8], response[9]];
          const isServed = status === STATUS_OK && count === NUMBERS_IN_DATAGRAM;
          return isServed ? undefined : `packet ${packet}: status ${status}, ${count} answers`;
        },
      },
    },
    {
      protocol: 'pdb',
      load: {
        ...common,
        server: { address, port: ports.pdb },
        packets: preparePackets(pdbQueries, calls.addressOf),
        idOffset: PDB_ID_OFFSET,
        check(packet, response) {
          const isFound = space.routeOf((7 * packet) % space.size) >= 0;
          const code = response[2];
          const wanted = isFound ? PDB_FOUND : PDB_NOT_FOUND;
          return code === wanted ? undefined : `packet ${packet}: code ${code}`;
        },
      },
    },
  ];
}
