// The rules of the zone, one by one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeQuery } from '../dns-client-codec.ts';
import { encodeName, RCODE, RECORD_TYPE } from '../dns-codec.ts';
import { answerQuery, createEnumHandler } from '../enum-answer.ts';
import { createEnumZones } from '../enum-zone.ts';
import {
  type Asked,
  ask,
  CLIENT,
  enumDomain,
  hex,
  send,
  serviceOf,
  zoneSettings,
  zonesOf,
} from './fixture.ts';

const OTHER_TYPES = [1, 16, 28, 33, 43, 48, 65_280];

function regexps({ response }: Asked): string[] {
  return response.answers.map(({ data }) => (data.kind === 'naptr' ? data.regexp : data.kind));
}

function assertNoData({ response, counters }: Asked): void {
  assert.equal(response.rcode, RCODE.NOERROR);
  assert.equal(response.isAuthoritative, true);
  assert.deepEqual(response.answers, []);
  assert.deepEqual(
    response.authority.map(({ data }) => data.kind),
    ['soa'],
  );
  assert.equal(counters.answeredNoData, 1);
}

function assertNxdomain({ response, counters }: Asked): void {
  assert.equal(response.rcode, RCODE.NXDOMAIN);
  assert.equal(response.isAuthoritative, true);
  assert.deepEqual(response.answers, []);
  assert.deepEqual(
    response.authority.map(({ data }) => data.kind),
    ['soa'],
  );
  assert.equal(counters.answeredNxdomain, 1);
}

function assertRefused({ response, counters }: Asked): void {
  assert.equal(response.rcode, RCODE.REFUSED);
  assert.equal(response.isAuthoritative, false);
  assert.deepEqual([response.answers, response.authority], [[], []]);
  assert.equal(counters.answeredRefused, 1);
}

describe('a found number', () => {
  test('by prefix: SIP and tel with npdi, MNC padded to three digits', () => {
    assert.deepEqual(regexps(ask(enumDomain('8613912345678'))), [
      '!^.*$!sip:+8613912345678@ims.mnc000.mcc460.3gppnetwork.org;user=phone!',
      '!^.*$!tel:+8613912345678;npdi!',
    ]);
  });

  test('fragmented: the network of the run, without a routing number', () => {
    assert.deepEqual(regexps(ask(enumDomain('8613912345001'))), [
      '!^.*$!sip:+8613912345001@ims.mnc001.mcc460.3gppnetwork.org;user=phone!',
      '!^.*$!tel:+8613912345001;npdi!',
    ]);
  });

  test('ported: a local routing number with its context (RFC 4694 section 4)', () => {
    const [, tel] = regexps(ask(enumDomain('12155550123')));
    assert.equal(
      tel,
      '!^.*$!tel:+12155550123;npdi;rn=310410;rn-context=mnc410.mcc310.3gppnetwork.org!',
    );
    // RFC 4694 section 4: local-rn = 1*hex-phonedigit rn-context, of a domain name.
    assert.match(tel!, /;rn=[0-9A-F]+;rn-context=([a-z0-9-]+\.)+[a-z]+!$/);
  });

  test('records are terminal rules in the order that clients expect', () => {
    const { response, counters } = ask(enumDomain('8613912345678'));
    assert.equal(response.rcode, RCODE.NOERROR);
    assert.equal(response.isAuthoritative, true);
    assert.deepEqual(
      response.answers.map(({ data, ttlSeconds, name, type, class: recordClass }) => ({
        ...data,
        regexp: undefined,
        ttlSeconds,
        name,
        type,
        recordClass,
      })),
      [
        [10, 'E2U+sip'],
        [20, 'E2U+pstn:tel'],
      ].map(([preference, services]) => ({
        kind: 'naptr',
        order: 100,
        preference,
        flags: 'u',
        services,
        regexp: undefined,
        replacement: '',
        ttlSeconds: 300,
        name: '8.7.6.5.4.3.2.1.9.3.1.6.8.e164.arpa',
        type: RECORD_TYPE.NAPTR,
        recordClass: 1,
      })),
    );
    assert.equal(counters.answeredRecords, 1);
    assert.equal(counters.udpReceived, 1);
  });

  test('other types have no data', () => {
    for (const type of [...OTHER_TYPES, RECORD_TYPE.SOA, RECORD_TYPE.NS]) {
      assertNoData(ask(enumDomain('8613912345678'), { type }));
    }
  });

  test('an exact number does not hide the prefix around it', () => {
    assert.equal(regexps(ask(enumDomain('8613912345002'))).length, 2);
    assertNoData(ask(enumDomain('8613912345002'), { type: 1 }));
  });

  test('fits into 512 bytes at its longest', () => {
    const { response, length } = ask(enumDomain('861391234567890'));
    assert.equal(response.isTruncated, false);
    assert.equal(response.answers.length, 2);
    assert.ok(length <= 512);
  });
});

describe('negative answers', () => {
  test('digits above entries have no data, of any type', () => {
    for (const digits of ['8', '86', '8613', '1', '1215555012']) {
      for (const type of [RECORD_TYPE.NAPTR, RECORD_TYPE.ANY, ...OTHER_TYPES]) {
        assertNoData(ask(enumDomain(digits), { type }));
      }
    }
  });

  test('digits with nothing found and nothing below are NXDOMAIN, of any type', () => {
    for (const digits of ['9', '87', '12155550124', '121555501230']) {
      for (const type of [RECORD_TYPE.NAPTR, RECORD_TYPE.ANY, RECORD_TYPE.SOA, ...OTHER_TYPES]) {
        assertNxdomain(ask(enumDomain(digits), { type }));
      }
    }
  });

  test('labels that are not one digit are NXDOMAIN', () => {
    for (const name of [
      'a',
      '12',
      'x.6.8',
      '6x.8',
      '*.6.8',
      '8613912345678',
      '-.6.8',
      '/.8',
      ':.8',
    ]) {
      assertNxdomain(ask(`${name}.e164.arpa`));
    }
  });

  test('15 digits are a number, 16 are NXDOMAIN, and so is the longest name', () => {
    assert.equal(ask(enumDomain('861391234567890')).response.answers.length, 2);
    assertNxdomain(ask(enumDomain('8613912345678901')));
    assertNxdomain(ask(enumDomain('8'.repeat(121))));
  });

  test('the TTL of the SOA is the smaller of its own and MINIMUM', () => {
    assert.equal(ask(enumDomain('9')).response.authority[0]!.ttlSeconds, 60);
    const soa = { ...zoneSettings.soa, ttlSeconds: 30 };
    const inZones = zonesOf({ soa });
    assert.equal(ask(enumDomain('9'), { inZones }).response.authority[0]!.ttlSeconds, 30);
    assert.equal(ask(enumDomain('9')).response.authority[0]!.name, 'e164.arpa');
  });
});

describe('the apex', () => {
  test('has an SOA', () => {
    const { response } = ask('e164.arpa', { type: RECORD_TYPE.SOA });
    assert.equal(response.isAuthoritative, true);
    assert.deepEqual(response.answers, [
      {
        name: 'e164.arpa',
        type: RECORD_TYPE.SOA,
        class: 1,
        ttlSeconds: 3600,
        data: {
          kind: 'soa',
          primaryServer: 'ns1.example.org',
          mailbox: 'hostmaster.example.org',
          serial: 2_026_000_001,
          refreshSeconds: 7200,
          retrySeconds: 900,
          expireSeconds: 604_800,
          minimumSeconds: 60,
        },
      },
    ]);
    assert.deepEqual(response.authority, []);
  });

  test('has its name servers', () => {
    const { response } = ask('E164.ARPA', { type: RECORD_TYPE.NS });
    assert.deepEqual(
      response.answers.map(({ data }) => data),
      ['ns1.example.org', 'ns2.example.org'].map((server) => ({ kind: 'ns', server })),
    );
  });

  test('has no data of other types, NAPTR among them', () => {
    for (const type of [RECORD_TYPE.NAPTR, ...OTHER_TYPES])
      assertNoData(ask('e164.arpa', { type }));
  });
});

describe('what is not served', () => {
  test('names off the zone are REFUSED', () => {
    for (const name of ['example.org', 'arpa', 'xe164.arpa', '1.2.e164.arpb', 'e164.arpa.x']) {
      assertRefused(ask(name));
    }
    const root = hex('1234 0000 0001 0000 0000 0000 00 0023 0001');
    assert.equal(send(root).response?.rcode, RCODE.REFUSED);
  });

  test('a label that only ends in the suffix is REFUSED, whatever its bytes', () => {
    // One label of 11 bytes that holds the wire form of e164.arpa, then the root of that form.
    const query = hex('1234 0000 0001 0000 0000 0000 0a 0465313634 0461727061 00 0023 0001');
    assert.equal(send(query).response?.rcode, RCODE.REFUSED);
  });

  test('other classes are REFUSED', () => {
    for (const recordClass of [0, 3, 4, 254, 255]) {
      const query = encodeQuery({ id: 1, name: encodeName(enumDomain('86139'))!, type: 35 });
      query[query.length - 1] = recordClass;
      const { response, counters } = send(query);
      assert.equal(response?.rcode, RCODE.REFUSED);
      assert.equal(counters.answeredRefused, 1);
    }
  });

  test('zone transfers are REFUSED', () => {
    for (const type of [RECORD_TYPE.AXFR, RECORD_TYPE.IXFR]) {
      assertRefused(ask('e164.arpa', { type, transport: 'tcp' }));
    }
  });

  test('an incremental transfer is REFUSED though its query carries the SOA of the client', () => {
    const query = encodeQuery({ id: 1, name: encodeName('e164.arpa')!, type: RECORD_TYPE.IXFR });
    query[9] = 1;
    const soa = hex(
      'c00c 0006 0001 00000000 0016 00 00 00000001 00000000 00000000 00000000 00000000',
    );
    const { response, counters } = send(Uint8Array.from([...query, ...soa]));
    assert.equal(response?.rcode, RCODE.REFUSED);
    assert.equal(counters.answeredRefused, 1);
  });
});

test('ANY gets one HINFO where there are records (RFC 8482)', () => {
  for (const name of ['e164.arpa', enumDomain('8613912345678')]) {
    const { response } = ask(name, { type: RECORD_TYPE.ANY });
    assert.deepEqual(
      response.answers.map(({ data }) => data),
      [{ kind: 'hinfo', cpu: 'RFC8482', os: '' }],
    );
  }
});

describe('header bits', () => {
  function flagsOf(queryFlags: number): number {
    const query = encodeQuery({ id: 0xbeef, name: encodeName(enumDomain('86139'))!, type: 35 });
    query[2] = queryFlags >>> 8;
    query[3] = queryFlags & 0xff;
    const { bytes } = send(query);
    assert.deepEqual([bytes[0], bytes[1]], [0xbe, 0xef]);
    return (bytes[2]! << 8) | bytes[3]!;
  }

  test('RD is echoed; AA is set; RA, AD, CD, TC and Z are clear whatever the query says', () => {
    assert.equal(flagsOf(0x0000), 0x8400);
    assert.equal(flagsOf(0x0100), 0x8500);
    assert.equal(flagsOf(0x07ff), 0x8500);
  });
});

test('the letter case of the question comes back as it was', () => {
  const { bytes, response } = ask('8.7.6.5.4.3.2.1.9.3.1.6.8.E164.aRpA');
  assert.equal(response.questions[0]!.name, '8.7.6.5.4.3.2.1.9.3.1.6.8.E164.aRpA');
  assert.equal(response.answers.length, 2);
  assert.ok(Buffer.from(bytes).includes('aRpA'));
});

describe('EDNS', () => {
  test('without OPT in the query there is none in the response', () => {
    assert.equal(ask(enumDomain('86139')).response.edns, undefined);
  });

  test('OPT is echoed with the server’s own payload and the client’s DO', () => {
    for (const dnssecOk of [true, false]) {
      const edns = { udpPayloadBytes: 4096, dnssecOk };
      for (const name of [enumDomain('86139'), enumDomain('9'), 'example.org']) {
        assert.deepEqual(ask(name, { edns }).response.edns, {
          version: 0,
          udpPayloadBytes: 1232,
          dnssecOk,
        });
      }
    }
  });

  test('a second OPT is FORMERR, with OPT', () => {
    const opt = '00 0029 04d0 00000000 0000';
    const { response, counters } = send(
      hex(`1234 0000 0001 0000 0000 0002 0465313634 0461727061 00 0006 0001 ${opt}${opt}`),
    );
    assert.equal(response?.rcode, RCODE.FORMERR);
    assert.notEqual(response?.edns, undefined);
    assert.equal(counters.answeredFormerr, 1);
  });

  test('a version above 0 is BADVERS, and the response says version 0', () => {
    const query = encodeQuery({
      id: 1,
      name: encodeName('e164.arpa')!,
      type: RECORD_TYPE.SOA,
      edns: { udpPayloadBytes: 1232, dnssecOk: false },
    });
    query[query.length - 5] = 1;
    const { response, counters } = send(query);
    assert.equal(response?.rcode, RCODE.BADVERS);
    assert.equal(response?.edns?.version, 0);
    assert.deepEqual(response?.answers, []);
    assert.equal(counters.answeredBadvers, 1);
  });
});

describe('overflow', () => {
  // 16 name servers of about 60 bytes each: more than 512, fewer than 1232.
  const inZones = zonesOf({
    nameServers: Array.from({ length: 16 }, (_, index) => `${'n'.repeat(30 + index)}.example.org`),
  });
  const type = RECORD_TYPE.NS;

  test('over UDP sets TC and leaves out the whole record set', () => {
    const { response, length, counters } = ask('e164.arpa', { type, inZones });
    assert.equal(response.isTruncated, true);
    assert.equal(response.rcode, RCODE.NOERROR);
    assert.deepEqual(response.answers, []);
    assert.ok(length <= 512);
    assert.equal(counters.truncated, 1);
  });

  test('keeps OPT', () => {
    const edns = { udpPayloadBytes: 512, dnssecOk: false };
    const { response } = ask('e164.arpa', { type, inZones, edns });
    assert.equal(response.isTruncated, true);
    assert.notEqual(response.edns, undefined);
  });

  test('does not happen where EDNS allows more, nor over TCP', () => {
    const edns = { udpPayloadBytes: 4096, dnssecOk: false };
    for (const options of [{ edns }, { transport: 'tcp' as const }]) {
      const { response, length, counters } = ask('e164.arpa', { type, inZones, ...options });
      assert.equal(response.isTruncated, false);
      assert.equal(response.answers.length, 16);
      assert.ok(length > 512 && length <= 1232);
      assert.equal(counters.truncated, 0);
    }
  });
});

test('what is dropped gets no answer and is counted by its reason', () => {
  const short = send(hex('1234'));
  assert.equal(short.bytes.length, 0);
  assert.equal(short.counters.droppedShort, 1);
  const response = send(hex('1234 8000 0000 0000 0000 0000'));
  assert.equal(response.bytes.length, 0);
  assert.equal(response.counters.droppedResponse, 1);
});

test('a handler answers as answerQuery does and counts its transport', () => {
  const service = serviceOf({ transport: 'tcp' });
  const query = encodeQuery({ id: 1, name: encodeName(enumDomain('86139'))!, type: 35 });
  const [fromHandler, direct] = [new Uint8Array(1232), new Uint8Array(1232)];
  const length = createEnumHandler(service)(query, fromHandler, CLIENT);
  assert.equal(length, answerQuery(query, direct, CLIENT, service));
  assert.deepEqual(fromHandler, direct);
  assert.equal(service.counters.tcpReceived, 2);
});

test('a response buffer below 512 bytes is the caller’s mistake', () => {
  const tooShort = new Uint8Array(511);
  assert.throws(() => answerQuery(new Uint8Array(12), tooShort, CLIENT, serviceOf()), RangeError);
});

test('another suffix serves the same numbers, without the digits that it stands for', () => {
  const inZones = zonesOf({ suffix: 'I.6.8.E164.Arpa.' });
  const domain = enumDomain('139', 'i.6.8.e164.arpa');
  assert.equal(ask(domain, { inZones }).response.answers.length, 2);
  assert.equal(ask(enumDomain('86139'), { inZones }).response.rcode, RCODE.REFUSED);
});

test('zone settings out of range are refused', () => {
  const { soa } = zoneSettings;
  const bad = [
    { suffix: '' },
    { suffix: 'e164..arpa' },
    { suffix: Array(4).fill('s'.repeat(56)).join('.') },
    { answerTtlSeconds: -1 },
    { answerTtlSeconds: 2 ** 31 },
    { answerTtlSeconds: 1.5 },
    { nameServers: [] },
    { nameServers: Array(17).fill('ns.example.org') },
    { nameServers: ['not a name'] },
    { soa: { ...soa, serial: 2 ** 32 } },
    { soa: { ...soa, mailbox: '' } },
    { soa: { ...soa, minimumSeconds: Number.NaN } },
    { nameServers: ['ns.E164.arpa'] },
    { numberPrefix: '12345678901234567' },
    { numberPrefix: 'x' },
    { clients: ['10.0.0.0/33'] },
    { clients: Array(257).fill('10.0.0.0/8') },
  ];
  for (const settings of bad) {
    const make = () => createEnumZones([{ ...zoneSettings, ...settings }]);
    assert.throws(make, RangeError, JSON.stringify(settings));
  }
});
