// What the load test over pdb takes for right: answers of the resolver's own codec, and such with one thing
// changed.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digitsOf } from '../../ledger/number.ts';
import { answerPdb, createPdbCounters } from '../../resolver/udp/pdb-codec.ts';
import { pdbProtocol } from '../pdb-answers.ts';
import { encodePdbQuery } from '../pdb-query-codec.ts';

const KEY = 1358401234567;
const { judge } = pdbProtocol([{ id: 'udm-a' }, { id: 'udm-b' }]);
const found = {
  ...{ identity: 'msisdn' as const, key: KEY },
  expected: { entry: 'ported' as const, from: KEY, to: KEY, route: 'udm-b' },
};

function answerWith(carrier: number, key = KEY): Uint8Array {
  const response = new Uint8Array(64);
  const query = encodePdbQuery(digitsOf(key));
  const bytes = answerPdb(query, response, () => carrier, createPdbCounters());
  return response.slice(0, bytes);
}

describe('an answer over pdb', () => {
  test('is right with the number and the carrier id of the expected route', () => {
    assert.equal(judge(found, answerWith(2)), undefined);
    assert.equal(
      judge({ ...found, expected: undefined }, answerWith(0)),
      undefined,
      'not found where nothing is expected',
    );
  });

  test('is wrong with another carrier, another number, or no entry', () => {
    for (const [answer, what] of [
      [answerWith(1), /carrier 1, not ported to route udm-b, carrier 2/],
      [answerWith(2, KEY + 1), /358401234568 with carrier 2/],
      [answerWith(0), /code 3, not ported/],
    ] as const) {
      assert.match(judge(found, answer)?.what ?? '', what);
    }
    assert.match(
      judge({ ...found, expected: undefined }, answerWith(2))?.what ?? '',
      /not "not found"/,
    );
  });
});
