// The same numbers in the resolver and as a zone in NSD and Knot DNS: thousands of queries of every
// kind get the same code, flags and records from both, but for the listed differences.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encodeQuery } from '../../enum/dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../../enum/dns-codec.ts';
import { createRandom, printedSeed } from '../../enum/test/fixture.ts';
import {
  AUTHORITY_KINDS,
  AUTHORITY_PROGRAMS,
  type Authority,
  type AuthorityKind,
  startAuthority,
} from './dns-authority.ts';
import { openDnsChannel } from './dns-channel.ts';
import { type AnswerField, comparableAnswer, differingFields } from './dns-comparison.ts';
import { exchangeOverTcp } from './dns-exchange.ts';
import { createProbes, type Probe } from './dns-probes.ts';
import { ENUM_DIFFERENCES } from './enum-differences.ts';
import { PortedSpace } from './ported-space.ts';
import { unlessInstalled } from './programs.ts';
import { type SpaceServer, serveSpace } from './serve-space.ts';

const SUFFIX = 'e164.arpa';
const PROBES = 4000;
const TCP_PROBES = 300;
const TCP_TIMEOUT_MS = 2000;
const SHOWN_MAX = 5;
const MARKER_ID = 0x1122;

const document = fileURLToPath(new URL('../../../../docs/enum-differences.md', import.meta.url));
const seed = printedSeed();
const space = new PortedSpace({ prefix: '35840', suffixDigits: 4, oneIn: 10, routes: 16, seed });
const marker = encodeQuery({ id: MARKER_ID, name: encodeName(SUFFIX)!, type: RECORD_TYPE.SOA });

test('every listed difference has its reason in the document, and no other is there', () => {
  const rows = readFileSync(document, 'utf8').matchAll(/^\| `([a-z-]+)` \| ([^|]+) \|/gm);
  assert.deepEqual(
    [...rows].map(([, id, servers]) => [id, servers!.trim()]),
    ENUM_DIFFERENCES.map(({ id, servers }) => [id, servers.join(', ')]),
  );
});

for (const kind of AUTHORITY_KINDS) {
  describe(`beside ${kind}`, { skip: unlessInstalled(AUTHORITY_PROGRAMS[kind]) }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'bchf-differential-'));
    let resolver: SpaceServer;
    let authority: Authority;

    before(async () => {
      const zoneFile = join(folder, 'zone');
      await space.writeZone(zoneFile, SUFFIX, 'localhost');
      resolver = await serveSpace(space);
      authority = await startAuthority(kind, { zone: SUFFIX, zoneFile });
    });

    after(async () => {
      await authority?.stop();
      await resolver?.stop();
      rmSync(folder, { recursive: true });
    });

    test('over UDP', async () => {
      const ours = await openDnsChannel(resolver.host, resolver.ports.enum, marker);
      const theirs = await openDnsChannel(authority.host, authority.port, marker);
      const comparison = new Comparison(kind);
      try {
        const next = createProbes(space, SUFFIX, createRandom(seed));
        for (let probes = 0; probes < PROBES; probes++) {
          const probe = next();
          const [our, their] = await Promise.all([
            ours.exchange(probe.message),
            theirs.exchange(probe.message),
          ]);
          comparison.compare(probe, our, their);
        }
      } finally {
        ours.close();
        theirs.close();
      }
      comparison.assertOnlyListed();
      const isListed = ENUM_DIFFERENCES.filter(({ servers }) => servers.includes(kind));
      assert.deepEqual(
        isListed.filter((difference) => !comparison.met.has(difference.id)).map(({ id }) => id),
        [],
        'listed, but not met any longer',
      );
    });

    test('over TCP', async () => {
      const comparison = new Comparison(kind);
      const next = createProbes(space, SUFFIX, createRandom(seed + 1));
      for (let probes = 0; probes < TCP_PROBES; ) {
        const probe = next();
        // What gets no answer would be waited for.
        if (probe.fault !== 'none' || probe.opcode !== 0) continue;
        probes++;
        const { message } = probe;
        const [our, their] = await Promise.all([
          exchangeOverTcp(resolver.host, resolver.ports.enum, message, TCP_TIMEOUT_MS),
          exchangeOverTcp(authority.host, authority.port, message, TCP_TIMEOUT_MS),
        ]);
        comparison.compare(probe, our, their);
      }
      comparison.assertOnlyListed();
    });
  });
}

/** Answers compared so far: which listed differences occurred, and what is not listed. */
class Comparison {
  readonly met = new Set<string>();
  readonly #kind: AuthorityKind;
  readonly #unlisted: string[] = [];
  #unlistedCount = 0;
  #same = 0;

  constructor(kind: AuthorityKind) {
    this.#kind = kind;
  }

  compare(probe: Probe, our: Uint8Array | undefined, their: Uint8Array | undefined): void {
    const ours = comparableAnswer(our);
    const theirs = comparableAnswer(their);
    const fields = differingFields(ours, theirs);
    if (fields.length === 0) {
      this.#same++;
      return;
    }
    const unexplained = new Set<AnswerField>(fields);
    for (const { id, servers, fields: explained, covers } of ENUM_DIFFERENCES) {
      if (!servers.includes(this.#kind) || !covers(probe, ours, theirs)) continue;
      if (fields.some((field) => explained.includes(field))) this.met.add(id);
      for (const field of explained) unexplained.delete(field);
    }
    if (unexplained.size === 0) return;
    this.#unlistedCount++;
    if (this.#unlisted.length < SHOWN_MAX) {
      const { message, ...asked } = probe;
      const both = [...unexplained].map((field) => `${field}: ${ours[field]} | ${theirs[field]}`);
      const hex = Buffer.from(message).toString('hex');
      this.#unlisted.push([JSON.stringify(asked), hex, ...both].join('\n'));
    }
  }

  assertOnlyListed(): void {
    const examples = this.#unlisted.join('\n\n');
    assert.equal(this.#unlistedCount, 0, `differences that are not listed:\n${examples}`);
    assert.ok(this.#same > 0, 'nothing was the same');
  }
}
