// `npm run bench -- udp-pdb`: queries answered a second in the protocol of Kamailio's `pdb` module, one
// number in a datagram, by one serving thread of `bchf serve` on one core, beside bare echoes of the same
// datagrams. Kamailio's own pdb_server would be the peer; Debian packages the client module only.

import type { PortedSpace } from '../../resolver/test/interop/ported-space.ts';
import { type BenchOptions, type BenchResult, runBench } from '../../wasm/bench/bench-report.ts';
import { preparePackets } from '../packet-pool.ts';
import {
  encodePdbQuery,
  PDB_FOUND,
  PDB_HEADER_BYTES,
  PDB_ID_OFFSET,
  PDB_NOT_FOUND,
} from '../pdb-query-codec.ts';
import {
  DIGITS_FULL,
  notesOf,
  openSpace,
  QUERY_OPTIONS,
  SPACE_OPTIONS,
  unjudgedUnless,
} from './bench-space.ts';
import { type Judged, measureInTurns, startEchoes, startResolver } from './bench-udp.ts';

const RATIO_TO_ECHO_BAR = { atLeast: 0.7 };
type Option = 'digits' | 'packets' | 'milliseconds' | 'window';

await runBench<Option>({
  name: 'udp-pdb',
  about: "Queries of Kamailio's pdb module a second over UDP, beside bare echoes.",
  options: { ...SPACE_OPTIONS, ...QUERY_OPTIONS },
  measure,
});

async function measure(options: BenchOptions<Option>): Promise<BenchResult> {
  const { quick, runs, seed, values } = options;
  const { digits, window, milliseconds: durationMs } = values;
  const asked = openSpace(digits, values.packets, seed);
  const { calls, space, offsets } = asked;
  const messages = Array.from(offsets, (offset) => encodePdbQuery(space.digitsOf(offset)));

  const absent = ["pdb_server: it is not in Debian's package of Kamailio"];
  const contenders = new Map<string, Judged>([
    ['queriesPerSecond', await startResolver(space, 'pdb', judgeOf(space, offsets))],
    ...(await startEchoes(messages, absent)),
  ]);
  const packets = preparePackets(messages, calls.addressOf);
  const load = { calls, packets, idOffset: PDB_ID_OFFSET, window, durationMs };
  return {
    notes: notesOf(asked, {
      what: 'ported',
      asked: `${values.packets.toLocaleString('en-US')} different queries`,
      underWay: `${window} queries`,
      absent,
    }),
    figures: await measureInTurns(contenders, load, runs, [
      { name: 'ratioToEchoInC', to: ['echoInC'], bar: RATIO_TO_ECHO_BAR },
    ]),
    ...unjudgedUnless(!quick && digits >= DIGITS_FULL),
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
