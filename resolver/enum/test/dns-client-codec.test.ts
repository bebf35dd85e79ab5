// The client's side of the codec, with dns-packet, an independent implementation, as the oracle.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import dnsPacket from 'dns-packet';
import { decodeResponse, encodeQuery, QUERY_BYTES_MAX } from '../dns-client-codec.ts';
import { encodeName, RECORD_TYPE } from '../dns-codec.ts';
import { ask, enumDomain, hex, send } from './fixture.ts';

const types = { naptr: 'NAPTR', soa: 'SOA', ns: 'NS', hinfo: 'HINFO', other: '' };

describe('against dns-packet', () => {
  test('queries decode to what was asked', () => {
    const name = encodeName(enumDomain('8613912345678'))!;
    const plain = dnsPacket.decode(
      Buffer.from(encodeQuery({ id: 0xfffe, name, type: RECORD_TYPE.NAPTR })),
    );
    assert.equal(plain.id, 0xfffe);
    assert.equal(plain.flags, 0);
    assert.deepEqual(plain.questions, [
      { name: '8.7.6.5.4.3.2.1.9.3.1.6.8.e164.arpa', type: 'NAPTR', class: 'IN' },
    ]);
    assert.deepEqual(plain.additionals, []);

    const edns = { udpPayloadBytes: 1232, dnssecOk: true };
    const withEdns = dnsPacket.decode(
      Buffer.from(encodeQuery({ id: 1, name, type: RECORD_TYPE.SOA, edns })),
    );
    const [opt] = withEdns.additionals!;
    assert.ok(opt?.type === 'OPT');
    assert.equal(opt.udpPayloadSize, 1232);
    assert.equal(opt.flag_do, true);
    assert.equal(opt.ednsVersion, 0);
  });

  test('its queries are answered, and both read the answers alike', () => {
    const cases = [
      ['NAPTR', enumDomain('12155550123')],
      ['NAPTR', enumDomain('8613912345678')],
      ['SOA', 'e164.arpa'],
      ['NS', 'e164.arpa'],
      ['HINFO', 'e164.arpa'],
      ['NAPTR', enumDomain('9')],
    ] as const;
    for (const [type, name] of cases) {
      const query = dnsPacket.encode({
        type: 'query',
        id: 7,
        flags: dnsPacket.RECURSION_DESIRED,
        questions: [{ type, name }],
        additionals: [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: 1232,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ],
      });
      const { bytes, response } = send(query);
      const oracle = dnsPacket.decode(Buffer.from(bytes));
      assert.equal(response!.id, oracle.id);
      assert.equal(response!.isRecursionDesired, true);
      const ours = [...response!.answers, ...response!.authority].map((record) => {
        const { data } = record;
        const type = types[data.kind];
        const at = { name: record.name, type, ttl: record.ttlSeconds };
        if (data.kind === 'naptr') {
          const { kind, replacement, ...rest } = data;
          return { ...at, data: { ...rest, replacement: replacement || '.' } };
        }
        if (data.kind === 'ns') return { ...at, data: data.server };
        if (data.kind === 'soa') {
          return {
            ...at,
            data: {
              mname: data.primaryServer,
              rname: data.mailbox,
              serial: data.serial,
              refresh: data.refreshSeconds,
              retry: data.retrySeconds,
              expire: data.expireSeconds,
              minimum: data.minimumSeconds,
            },
          };
        }
        return { ...at, data };
      });
      const theirs = [...oracle.answers!, ...oracle.authorities!].map((record) => {
        assert.ok('data' in record && 'ttl' in record);
        return { name: record.name, type: record.type, ttl: record.ttl, data: record.data };
      });
      assert.deepEqual(ours, theirs);
      assert.ok(ours.length > 0);
    }
  });

  test('its responses, compressed all over, are read', () => {
    const encoded = dnsPacket.encode({
      type: 'response',
      id: 3,
      flags: dnsPacket.AUTHORITATIVE_ANSWER,
      questions: [{ type: 'NAPTR', name: '1.e164.arpa' }],
      answers: [
        {
          type: 'NAPTR',
          name: '1.e164.arpa',
          ttl: 5,
          data: {
            order: 1,
            preference: 2,
            flags: 'u',
            services: 'E2U+sip',
            regexp: '!^.*$!sip:a@b!',
            replacement: '.',
          },
        },
      ],
    });
    assert.deepEqual(decodeResponse(encoded)?.answers, [
      {
        name: '1.e164.arpa',
        type: 35,
        class: 1,
        ttlSeconds: 5,
        data: {
          kind: 'naptr',
          order: 1,
          preference: 2,
          flags: 'u',
          services: 'E2U+sip',
          regexp: '!^.*$!sip:a@b!',
          replacement: '',
        },
      },
    ]);
  });
});

test('the longest query fits QUERY_BYTES_MAX', () => {
  const label = 'a'.repeat(63);
  const name = encodeName(`${label}.${label}.${label}.${'a'.repeat(61)}`)!;
  const edns = { udpPayloadBytes: 1232, dnssecOk: false };
  assert.equal(encodeQuery({ id: 1, name, type: 35, edns }).length, QUERY_BYTES_MAX);
});

describe('decodeResponse', () => {
  const header = 'abcd 8400 0000 0001 0000 0000';

  test('follows compression pointers in names and data', () => {
    const soa = `${header} 0161 0162 00 0006 0001 00000001 001a 0163 c00c 0164 c00e ${'00000001'.repeat(5)}`;
    const soaLength = soa.replace('001a', '001c');
    assert.deepEqual(decodeResponse(hex(soaLength))?.answers[0]?.data, {
      kind: 'soa',
      primaryServer: 'c.a.b',
      mailbox: 'd.b',
      serial: 1,
      refreshSeconds: 1,
      retrySeconds: 1,
      expireSeconds: 1,
      minimumSeconds: 1,
    });
    assert.equal(decodeResponse(hex(soa)), undefined, 'a data length that does not fit');
  });

  test('refuses pointers that lead to themselves, forward or in a circle', () => {
    for (const name of ['c00c', 'c00e 00', '0161 c00c', 'c010 0161 c00c 00']) {
      assert.equal(decodeResponse(hex(`${header} ${name} 0001 0001 00000001 0000`)), undefined);
    }
  });

  test('refuses a name over 255 bytes that is built from pointers', () => {
    const label = `3f${'61'.repeat(63)}`;
    const question = `${label.repeat(3)}00 0001 0001`;
    const record = (name: string) => `${name} 0010 0001 00000001 0000`;
    const start = 'abcd 8400 0001 0001 0000 0000';
    assert.notEqual(
      decodeResponse(hex(`${start} ${question} ${record(`3d${'61'.repeat(61)}c00c`)}`)),
      undefined,
    );
    assert.equal(
      decodeResponse(hex(`${start} ${question} ${record(`3e${'61'.repeat(62)}c00c`)}`)),
      undefined,
    );
  });

  test('refuses queries, bytes left over, and every message cut short', () => {
    const { bytes } = ask(enumDomain('12155550123'), {
      edns: { udpPayloadBytes: 1232, dnssecOk: false },
    });
    assert.notEqual(decodeResponse(bytes), undefined);
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(decodeResponse(bytes.subarray(0, length)), undefined, `${length} bytes`);
    }
    assert.equal(decodeResponse(Uint8Array.from([...bytes, 0])), undefined);
    bytes[2]! &= 0x7f;
    assert.equal(decodeResponse(bytes), undefined);
  });

  test('keeps dots inside a label apart from those between labels', () => {
    const bytes = hex(`${header} 03 612e5c 0162 00 0010 0001 00000001 0000`);
    assert.equal(decodeResponse(bytes)?.answers[0]?.name, 'a\\.\\\\.b');
  });
});
