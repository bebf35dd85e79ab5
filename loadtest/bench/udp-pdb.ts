// `npm run bench -- udp-pdb`: queries answered a second in the protocol of Kamailio's `pdb` module, one
// number in a datagram, by one serving thread of `bchf serve` on one core, beside bare echoes of the same
// datagrams. Kamailio's own pdb_server would be the peer; Debian packages the client module only.

import { createRandom } from '../../ledger/population/random.ts';
import { PortedSpace } from '../../resolver/test/interop/ported-space.ts';
import { serveSpace } from '../../resolver/test/interop/serve-space.ts';
import { loadSystemCalls } from '../../resolver/udp/system-calls.ts';
import {
  type BenchOptions,
  type BenchResult,
  runBench,
  tell,
} from '../../wasm/bench/bench-report.ts';
import { preparePackets } from '../packet-pool.ts';
import {
  encodePdbQuery,
  PDB_FOUND,
  PDB_HEADER_BYTES,
  PDB_ID_OFFSET,
  PDB_NOT_FOUND,
} from '../pdb-query-codec.ts';
import { HOST, pinServer } from './bench-contender.ts';
import { type Judged, measureInTurns, startEchoes } from './bench-udp.ts';

/** One number in so many is ported. */
const ONE_IN = 10;
const ROUTES = 64;
const RATIO_TO_ECHO_BAR = { atLeast: 0.7 };
const DIGITS_FULL = 7;
type Option = 'digits' | 'packets' | 'milliseconds' | 'window';

await runBench<Option>({
  name: 'udp-pdb',
  about: "Queries of Kamailio's pdb module a second over UDP, beside bare echoes.",
  options: {
    digits: { what: 'the space is ten to this power', full: DIGITS_FULL, quick: 4, min: 3, max: 8 },
    packets: {
      what: 'different queries',
      full: 1_000_000,
      quick: 5_000,
      min: 1_000,
      max: 4_000_000,
    },
    milliseconds: { what: 'of each measurement', full: 1_500, quick: 300, min: 100, max: 60_000 },
    window: { what: 'queries under way', full: 192, quick: 64, min: 1, max: 8_192 },
  },
  measure,
});

async function measure(options: BenchOptions<Option>): Promise<BenchResult> {
  const { quick, runs, seed, values } = options;
  const { digits, window, milliseconds: durationMs } = values;
  const calls = loadSystemCalls();
  if (calls === undefined) throw new Error('the generator needs recvmmsg: 64-bit Linux and koffi');
  const space = new PortedSpace({
    prefix: '35840',
    suffixDigits: digits,
    oneIn: ONE_IN,
    routes: ROUTES,
    seed,
  });
  const random = createRandom(seed);
  const offsets = Uint32Array.from({ length: values.packets }, () => random.below(space.size));
  const messages = Array.from(offsets, (offset) => encodePdbQuery(space.digitsOf(offset)));

  tell('the resolver builds and loads its snapshot');
  const resolver = await serveSpace(space);
  pinServer(resolver.pid);
  const absent = ["pdb_server: it is not in Debian's package of Kamailio"];
  const contenders = new Map<string, Judged>([
    [
      'queriesPerSecond',
      {
        server: { address: HOST, port: resolver.ports.pdb },
        check: judgeOf(space, offsets),
        pid: resolver.pid,
        stop: resolver.stop,
      },
    ],
    ...(await startEchoes(messages, absent)),
  ]);
  const packets = preparePackets(messages, calls.addressOf);
  const load = { calls, packets, idOffset: PDB_ID_OFFSET, window, durationMs };
  return {
    notes: [
      `${space.size.toLocaleString('en-US')} numbers, one in ${ONE_IN} of them ported; ` +
        `${values.packets.toLocaleString('en-US')} different queries, drawn uniformly`,
      `the server on one core, the generator on another; ${window} queries under way`,
      ...absent.map((reason) => `not measured: ${reason}`),
    ],
    figures: await measureInTurns(contenders, load, runs, [
      { name: 'ratioToEchoInC', to: ['echoInC'], bar: RATIO_TO_ECHO_BAR },
    ]),
    ...(quick || digits < DIGITS_FULL
      ? { unjudged: 'not of the size that the bars are set for' }
      : {}),
  };
}

/** Judges answers by code and carrier id, which is the place in the route table + 1. */
function judgeOf(space: PortedSpace, offsets: Uint32Array): Judged['check'] {
  return (packet, response) => {
    const offset = offsets[packet]!;
    const digits = space.digitsOf(offset);
    const route = space.routeOf(offset);
    const end = response.length;
    const carrier = end === PDB_HEADER_BYTES ? 0 : (response[end - 2]! << 8) | response[end - 1]!;
    const code = route < 0 ? PDB_NOT_FOUND : PDB_FOUND;
    const number = Buffer.from(
      response.subarray(PDB_HEADER_BYTES, PDB_HEADER_BYTES + digits.length),
    );
    const isNumber = route < 0 ? end === PDB_HEADER_BYTES : number.toString('latin1') === digits;
    if (response[2] === code && carrier === route + 1 && isNumber) return undefined;
    return `${digits}: code ${response[2]}, carrier ${carrier}, not ${code}, ${route + 1}`;
  };
}
