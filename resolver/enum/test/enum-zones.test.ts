// Several zones at once, each with its own services, clients and numbers; cookies and limits in the
// answers; the settings file.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress, parsePrefix } from '../../udp/client-address-codec.ts';
import { encodeQuery } from '../dns-client-codec.ts';
import { encodeName, RCODE, RECORD_TYPE } from '../dns-codec.ts';
import { ServerCookies } from '../dns-cookie-codec.ts';
import { DEFAULT_SERVICES, defaultEnumSettings, readEnumFile } from '../enum-settings.ts';
import { RATE_ENTRY_WORDS, RateLimiter } from '../rate-limit-codec.ts';
import { ask, CLIENT, enumDomain, hex, send, serviceOf, zoneSettings, zonesOf } from './fixture.ts';

const FOUND = '8613912345000';
const { sip, tel } = DEFAULT_SERVICES as { sip: never; tel: never };

describe('several zones', () => {
  const inZones = zonesOf(
    { suffix: 'e164.arpa', services: [sip] },
    { suffix: 'e164enum.net', services: [tel], clients: ['10.0.0.0/8', '2001:db8::/32'] },
    { suffix: 'i.6.8.e164.arpa', services: [sip, tel], answerTtlSeconds: 7 },
  );
  const inside = parseAddress('10.1.2.3')!;
  const servicesOf = (domain: string, client = CLIENT) =>
    ask(domain, { inZones, client }).response.answers.map(({ data }) =>
      data.kind === 'naptr' ? data.services : data.kind,
    );

  test('each answer with the services and TTLs of their own', () => {
    assert.deepEqual(servicesOf(enumDomain(FOUND)), ['E2U+sip']);
    assert.deepEqual(servicesOf(enumDomain(FOUND, 'e164enum.net'), inside), ['E2U+pstn:tel']);
    const infrastructure = enumDomain(FOUND.slice(2), 'i.6.8.e164.arpa');
    assert.deepEqual(servicesOf(infrastructure), ['E2U+sip', 'E2U+pstn:tel']);
    assert.equal(ask(infrastructure, { inZones }).response.answers[0]!.ttlSeconds, 7);
    assert.equal(ask(enumDomain(FOUND), { inZones }).response.answers[0]!.ttlSeconds, 300);
  });

  test('a zone that is not for the client is REFUSED, whatever is asked of it', () => {
    for (const type of [RECORD_TYPE.NAPTR, RECORD_TYPE.SOA, RECORD_TYPE.ANY, RECORD_TYPE.AXFR]) {
      const { response, counters } = ask(enumDomain(FOUND, 'e164enum.net'), { inZones, type });
      assert.equal(response.rcode, RCODE.REFUSED);
      assert.deepEqual([response.answers, response.authority], [[], []]);
      assert.deepEqual([counters.refusedClient, counters.answeredRefused], [1, 1]);
    }
    const client = parseAddress('2001:db8:1::1')!;
    assert.equal(servicesOf(enumDomain(FOUND, 'e164enum.net'), client).length, 1);
  });

  test('the one further down has the names below it, its apex too', () => {
    const { response } = ask('i.6.8.e164.arpa', { inZones, type: RECORD_TYPE.SOA });
    assert.equal(response.answers[0]!.name, 'i.6.8.e164.arpa');
    const nxdomain = ask('9.i.6.8.e164.arpa', { inZones }).response;
    assert.equal(nxdomain.rcode, RCODE.NXDOMAIN);
    assert.equal(nxdomain.authority[0]!.name, 'i.6.8.e164.arpa');
  });

  test('a suffix stands for its digits, or for those that are set', () => {
    const set = zonesOf({ suffix: 'carrier.example', numberPrefix: '86' }, { suffix: '6.8.test' });
    for (const suffix of ['carrier.example', '6.8.test']) {
      const { response } = ask(enumDomain(FOUND.slice(2), suffix), { inZones: set });
      assert.match(JSON.stringify(response.answers), /sip:\+8613912345000@/);
      assert.equal(ask(enumDomain(FOUND, suffix), { inZones: set }).response.rcode, RCODE.NXDOMAIN);
    }
  });

  test('names between a zone and the one below it exist (RFC 8020)', () => {
    const nested = zonesOf({ suffix: 'e164.arpa' }, { suffix: 'x.I.4.3.2.E164.arpa' });
    for (const name of ['2.e164.arpa', '3.2.e164.arpa', '4.3.2.E164.ARPA', 'i.4.3.2.e164.arpa']) {
      const { response, counters } = ask(name, { inZones: nested });
      assert.equal(response.rcode, RCODE.NOERROR, name);
      assert.equal(response.authority[0]!.name.toLowerCase(), 'e164.arpa');
      assert.equal(counters.answeredNoData, 1);
    }
    for (const name of ['3.e164.arpa', '5.3.2.e164.arpa', 'j.4.3.2.e164.arpa']) {
      assert.equal(ask(name, { inZones: nested }).response.rcode, RCODE.NXDOMAIN, name);
    }
  });

  test('the DS of a zone below is the zone above’s to answer (RFC 4035 section 3.1.4.1)', () => {
    const { response } = ask('i.6.8.e164.arpa', { inZones, type: RECORD_TYPE.DS });
    assert.equal(response.rcode, RCODE.NOERROR);
    assert.equal(response.authority[0]!.name, 'e164.arpa');
    const top = ask('e164.arpa', { inZones, type: RECORD_TYPE.DS }).response;
    assert.equal(top.authority[0]!.name, 'e164.arpa');
  });
});

describe('services', () => {
  test('go by the route, else by its member, else by the zone', () => {
    const inZones = zonesOf({
      services: [sip],
      servicesByMember: { 'cn-b': [tel], 'us-c': [sip, tel] },
      servicesByRoute: { moved: [] },
    });
    const count = (digits: string) => ask(enumDomain(digits), { inZones }).response.answers;
    assert.equal(count('8613912345678')[0]!.data.kind, 'naptr');
    assert.match(JSON.stringify(count(FOUND)), /E2U\+pstn:tel/);
    assert.equal(count('12155550123').length, 0);
  });

  test('a number without any exists: no data, for ANY too', () => {
    const inZones = zonesOf({ services: [] });
    for (const type of [RECORD_TYPE.NAPTR, RECORD_TYPE.ANY, 1]) {
      const { response, counters } = ask(enumDomain(FOUND), { inZones, type });
      assert.equal(response.rcode, RCODE.NOERROR);
      assert.deepEqual(response.answers, []);
      assert.equal(counters.answeredNoData, 1);
    }
  });

  test('that do not fit into 512 bytes need EDNS or TCP', () => {
    const inZones = zonesOf({ services: Array(6).fill(sip) });
    assert.equal(ask(enumDomain(FOUND), { inZones }).response.isTruncated, true);
    const edns = { udpPayloadBytes: 1232, dnssecOk: false };
    assert.equal(ask(enumDomain(FOUND), { inZones, edns }).response.answers.length, 6);
    assert.equal(ask(enumDomain(FOUND), { inZones, transport: 'tcp' }).response.answers.length, 6);
  });
});

test('the serial number is the height of the served block where none is set', () => {
  const { serial: _, ...soa } = zoneSettings.soa;
  const inZones = zonesOf({ soa });
  const serials = [
    ask('e164.arpa', { inZones, type: RECORD_TYPE.SOA }).response.answers[0]!.data,
    ask(enumDomain('9'), { inZones }).response.authority[0]!.data,
  ].map((data) => (data.kind === 'soa' ? data.serial : undefined));
  assert.deepEqual(serials, [1234, 1234]);
});

/** A NAPTR query with EDNS and a COOKIE option of these bytes. */
function withCookie(cookie: string, domain = enumDomain(FOUND)): Uint8Array {
  const question = encodeQuery({ id: 7, name: encodeName(domain)!, type: RECORD_TYPE.NAPTR });
  question[11] = 1;
  const bytes = hex(cookie).length;
  const sizes = [4 + bytes, bytes].map((size) => size.toString(16).padStart(4, '0'));
  return hex(
    `${Buffer.from(question).toString('hex')} 00 0029 04d0 00000000 ${sizes[0]} 000a ${sizes[1]} ${cookie}`,
  );
}

/** The server cookie at the end of a response, whose last option it is. */
function cookieOf(bytes: Uint8Array): string {
  const option = Buffer.from(bytes.subarray(-28));
  assert.equal(option.readUInt32BE(0), 0x000a0018);
  return option.subarray(4).toString('hex');
}

describe('cookies', () => {
  const cookies = new ServerCookies([hex('e5e973e5a6b2a43f48e7dc849e37bfcf')]);
  const service = serviceOf({ cookies });

  test('a client’s cookie comes back with the server’s, in every kind of answer', () => {
    for (const domain of [enumDomain(FOUND), enumDomain('9'), enumDomain('86'), 'example.org']) {
      const { bytes, response } = send(withCookie('2464c4abcf10c957', domain), { service });
      assert.notEqual(response, undefined);
      assert.match(cookieOf(bytes), /^2464c4abcf10c95701000000/);
    }
    assert.equal(service.counters.cookieNew, 4);
  });

  test('a bad server cookie is as none: the answer has a good one (RFC 7873 section 5.2.4)', () => {
    const bad = `2464c4abcf10c957${'00'.repeat(16)}`;
    const { bytes, response } = send(withCookie(bad), { service });
    assert.equal(response?.answers.length, 2);
    assert.equal(service.counters.cookieInvalid, 1);
    send(withCookie(cookieOf(bytes)), { service });
    assert.equal(service.counters.cookieValid, 1);
  });

  test('a query for a cookie alone gets one, BADCOOKIE for a bad one', () => {
    const alone = (cookie: string) => {
      const bytes = hex(cookie).length;
      const sizes = [4 + bytes, bytes].map((size) => size.toString(16).padStart(4, '0'));
      return send(
        hex(
          `1234 0000 0000 0000 0000 0001 00 0029 04d0 00000000 ${sizes[0]} 000a ${sizes[1]} ${cookie}`,
        ),
        { service },
      );
    };
    const first = alone('2464c4abcf10c957');
    assert.equal(first.response?.rcode, RCODE.NOERROR);
    assert.deepEqual(first.response?.questions, []);
    assert.equal(alone(cookieOf(first.bytes)).response?.rcode, RCODE.NOERROR);
    const bad = alone(`2464c4abcf10c957${'00'.repeat(16)}`);
    assert.equal(bad.response?.rcode, RCODE.BADCOOKIE);
    assert.match(cookieOf(bad.bytes), /^2464c4abcf10c95701000000/);
    assert.equal(service.counters.answeredCookie, 2);
  });

  test('without cookies the option is ignored as others are', () => {
    const { bytes, response } = send(withCookie('2464c4abcf10c957'));
    assert.equal(response?.answers.length, 2);
    assert.equal(Buffer.from(bytes).readUInt16BE(bytes.length - 2), 0, 'an OPT without options');
  });
});

describe('the response-rate limit', () => {
  const cookies = new ServerCookies([hex('e5e973e5a6b2a43f48e7dc849e37bfcf')]);
  const limited = (slip: number, different: Parameters<typeof serviceOf>[0] = {}) => {
    const table = new Uint32Array(1024 * RATE_ENTRY_WORDS);
    const limiter = new RateLimiter(table, new Uint8Array(16), { responsesPerSecond: 2, slip });
    return serviceOf({ limiter, cookies, ...different });
  };
  const plain = encodeQuery({ id: 7, name: encodeName(enumDomain(FOUND))!, type: 35 });

  test('drops, and tells every so manieth client to come by TCP', () => {
    const service = limited(2);
    const kinds = Array.from({ length: 6 }, () => {
      const { response } = send(plain, { service });
      if (response === undefined) return 'dropped';
      return response.isTruncated ? 'truncated' : 'answered';
    });
    assert.deepEqual(kinds, [
      ...['answered', 'answered', 'dropped', 'truncated', 'dropped', 'truncated'],
    ]);
    assert.deepEqual([service.counters.limitedDropped, service.counters.limitedTruncated], [2, 2]);
    assert.equal(service.counters.answeredRecords, 2);
  });

  test('sends BADCOOKIE to a client that knows cookies, and lets it through with the right one', () => {
    const service = limited(1);
    for (let count = 0; count < 2; count++) send(plain, { service });
    const { bytes, response } = send(withCookie('2464c4abcf10c957'), { service });
    assert.equal(response?.rcode, RCODE.BADCOOKIE);
    assert.deepEqual([response?.answers, response?.isTruncated], [[], false]);
    for (let count = 0; count < 10; count++) {
      const proven = send(withCookie(cookieOf(bytes)), { service });
      assert.equal(proven.response?.answers.length, 2);
    }
    assert.equal(service.counters.answeredBadcookie, 1);
  });

  test('never makes an answer longer than the query by more than a cookie', () => {
    const service = limited(1);
    for (let count = 0; count < 2; count++) send(plain, { service });
    assert.equal(send(plain, { service }).bytes.length, plain.length);
    const query = withCookie('2464c4abcf10c957');
    assert.equal(send(query, { service }).bytes.length, query.length + 16);
  });

  test('drops errors and does not slip them', () => {
    const service = limited(1);
    const lengths = Array.from(
      { length: 4 },
      () => send(hex('1234 2800 0000 0000 0000 0000'), { service }).bytes.length,
    );
    assert.deepEqual(lengths, [12, 12, 0, 0]);
  });

  test('spares TCP, and the prefixes that it is told to', () => {
    const unlimited = [parsePrefix('192.0.2.0/24')!];
    for (const service of [limited(0, { transport: 'tcp' }), limited(0, { unlimited })]) {
      for (let count = 0; count < 9; count++) {
        assert.equal(send(plain, { service }).response?.answers.length, 2);
      }
    }
  });
});

describe('the settings file', () => {
  const draw = () => 'f'.repeat(32);
  const zone = { suffix: 'e164enum.net', nameServers: ['ns1.example.org'] };

  test('has defaults for everything but suffix and name servers', () => {
    const settings = readEnumFile({ zones: [zone] }, draw);
    assert.deepEqual(settings.zones[0]!.services, [sip, tel]);
    assert.equal(settings.zones[0]!.soa.mailbox, 'hostmaster.ns1.example.org');
    assert.deepEqual(settings.cookieSecrets, [draw()]);
    assert.equal(settings.rateLimit?.responsesPerSecond, 1000);
    assert.deepEqual(defaultEnumSettings('e164enum.net', 'ns1.example.org', draw), settings);
  });

  test('names services once and gives them to zones, members and routes', () => {
    const voice = { service: 'E2U+voice:tel', uri: 'tel:+{number}' };
    const settings = readEnumFile(
      {
        services: { voice },
        zones: [{ ...zone, services: ['voice'], servicesByRoute: { r: ['sip', 'voice'] } }],
        rateLimit: { responsesPerSecond: 0 },
        cookies: { secrets: ['0123456789abcdef0123456789abcdef'] },
      },
      draw,
    );
    const complete = { ...voice, order: 100, preference: 10 };
    assert.deepEqual(settings.zones[0]!.services, [complete]);
    assert.deepEqual(settings.zones[0]!.servicesByRoute, { r: [sip, complete] });
    assert.equal(settings.rateLimit, undefined);
    assert.deepEqual(settings.cookieSecrets, ['0123456789abcdef0123456789abcdef']);
  });

  test('is refused with the place of what does not fit', () => {
    const refused: [content: unknown, place: RegExp][] = [
      [undefined, /object/],
      [{ zones: [] }, /zones/],
      [{ zones: Array(17).fill(zone) }, /zones/],
      [{ zones: [zone], unknown: 1 }, /unknown/],
      [{ zones: [{ ...zone, services: ['nobody'] }] }, /"nobody"/],
      [{ zones: [{ ...zone, services: ['constructor'] }] }, /"constructor"/],
      [{ zones: [{ ...zone, clients: ['10.0.0.0/99'] }] }, /zones\.0\.clients\.0/],
      [{ zones: [zone, { ...zone, suffix: 'E164ENUM.net.' }] }, /twice/],
      [{ zones: [zone], services: { sip: { service: 'E2U+sip', uri: 'sip:x' } } }, /\{number\}/],
      [{ zones: [zone], cookies: { secrets: ['00'] } }, /cookies\.secrets\.0/],
      [{ zones: [zone], rateLimit: { entries: 1025 } }, /rateLimit\.entries/],
      [{ zones: [zone], tcp: { connectionsMax: 0 } }, /tcp\.connectionsMax/],
    ];
    for (const [content, place] of refused) {
      assert.throws(
        () => readEnumFile(content, draw),
        (error: Error) => {
          assert.ok(error instanceof RangeError);
          assert.match(error.message, place);
          return true;
        },
      );
    }
  });
});
