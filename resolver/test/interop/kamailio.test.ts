// Kamailio as Debian packages it, with its `enum` and `pdb` modules, routes by what the resolver answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KamailioAnswer } from './kamailio-calls.ts';
import { runInNamespace, unlessNamespaces } from './namespace.ts';
import { PortedSpace } from './ported-space.ts';
import { unlessInstalled } from './programs.ts';

const SEED = 1;
const calls = new URL('./kamailio-calls.js', import.meta.url);
const skip = unlessInstalled('kamailio') || unlessNamespaces();

test('enum_query and pdb_query tell the network and the carrier of a ported number', {
  skip,
}, async () => {
  const space = new PortedSpace({
    prefix: '35840',
    suffixDigits: 3,
    oneIn: 10,
    routes: 16,
    seed: SEED,
  });
  const ported = [...space.ported()].slice(0, 3);
  const absent = [...Array(space.size).keys()].find((offset) => space.routeOf(offset) < 0)!;
  const numbers = [...ported, absent].map((offset) => space.digitsOf(offset));
  const { code, stdout, stderr } = await runInNamespace(calls, [String(SEED), ...numbers]);
  assert.equal(code, 0, stderr);
  const answers = JSON.parse(stdout) as Record<string, KamailioAnswer>;
  for (const offset of ported) {
    const digits = space.digitsOf(offset);
    const { mcc, mnc } = space.routes[space.routeOf(offset)]!.plmn;
    const domain = `ims.mnc${mnc.padStart(3, '0')}.mcc${mcc}.3gppnetwork.org`;
    assert.equal(answers[digits]?.enum, `sip:+${digits}@${domain};user=phone`);
    // The carrier of a route that none is configured for is its place in the route table + 1.
    assert.equal(answers[digits]?.pdb, String(space.routeOf(offset) + 1));
  }
  // Of a number that is not found, Kamailio's module makes carrier 0.
  assert.deepEqual(answers[space.digitsOf(absent)], { enum: 'none', pdb: '0' });
});
