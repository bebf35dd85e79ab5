// Mutated, truncated and random messages: no message throws, no response is over its limit, and every
// response is well formed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeResponse, encodeQuery } from '../dns-client-codec.ts';
import { encodeName } from '../dns-codec.ts';
import { answerQuery } from '../enum-answer.ts';
import { createEnumCounters, type EnumCounter } from '../enum-counters.ts';
import { mutate } from './enum-packets.ts';
import { CLIENT, createRandom, enumDomain, printedSeed, serviceOf } from './fixture.ts';

const MESSAGES = 100_000;
const LIMIT_BYTES = { udp: 1232, tcp: 65_535 };

test(`${MESSAGES} mutated queries are each answered well formed, or dropped and counted`, () => {
  const random = createRandom(printedSeed());
  const domains = ['86139', '8613912345000', '12155550123', '8', '9'].map((digits) =>
    enumDomain(digits),
  );
  const queries = [...domains, 'e164.arpa', 'example.org', 'x.e164.arpa'].flatMap((domain) => {
    const name = encodeName(domain)!;
    const edns = { udpPayloadBytes: 1232, dnssecOk: true };
    return [6, 35, 255].flatMap((type) => [
      encodeQuery({ id: 1, name, type }),
      encodeQuery({ id: 1, name, type, edns }),
    ]);
  });
  const counters = createEnumCounters();
  const rcodes = new Set<number>();
  const out = new Uint8Array(65_535);
  let dropped = 0;
  for (let count = 0; count < MESSAGES; count++) {
    const message = mutate(queries[random(queries.length)]!, random);
    const transport = random(2) === 0 ? 'udp' : 'tcp';
    const before = Buffer.from(message);
    const length = answerQuery(message, out, CLIENT, serviceOf({ transport, counters }));
    assert.ok(before.equals(message), 'the query is left as it was');
    assert.ok(length <= LIMIT_BYTES[transport]);
    if (length === 0) {
      dropped++;
      continue;
    }
    const response = decodeResponse(out.subarray(0, length));
    assert.ok(response !== undefined, before.toString('hex'));
    if (transport === 'udp' && response.edns === undefined) assert.ok(length <= 512);
    assert.equal(response.id, before.readUInt16BE(0));
    rcodes.add(response.rcode);
  }

  const sum = (names: EnumCounter[]) => names.reduce((all, name) => all + counters[name], 0);
  assert.equal(sum(['udpReceived', 'tcpReceived']), MESSAGES);
  assert.equal(sum(['droppedShort', 'droppedResponse']), dropped);
  const answered = (Object.keys(counters) as EnumCounter[]).filter((name) =>
    name.startsWith('answered'),
  );
  assert.equal(sum(answered), MESSAGES - dropped);
  assert.deepEqual(
    [...rcodes].sort((a, b) => a - b),
    [0, 1, 3, 4, 5, 16],
    'every rule was met',
  );
});
