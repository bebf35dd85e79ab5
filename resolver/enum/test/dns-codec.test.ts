// Queries and responses byte by byte: vectors written by hand from the RFCs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeName, RCODE } from '../dns-codec.ts';
import { parseQuery } from '../dns-query-codec.ts';
import { ResponseWriter, udpLimitBytes } from '../dns-response-codec.ts';
import { hex, send } from './fixture.ts';

const HEADER = '1234 0100 0001 0000 0000 0000';
const HEADER_WITH_OPT = '1234 0100 0001 0000 0000 0001';
// 3.2.1.e164.arpa, NAPTR, IN
const NAME = '01 33 | 01 32 | 01 31 | 04 65313634 | 04 61727061 | 00';
const QUESTION = `${NAME} 0023 0001`;
const OPT = '00 0029 04d0 00 00 8000 0000';

function rejectedAs(text: string): number | string {
  const parsed = parseQuery(hex(text));
  return parsed.verdict === 'reject' ? parsed.rcode : parsed.verdict;
}

describe('parseQuery', () => {
  test('reads a plain query', () => {
    assert.deepEqual(parseQuery(hex(HEADER + QUESTION)), {
      verdict: 'answer',
      type: 35,
      class: 1,
      questionEnd: 33,
      edns: undefined,
    });
  });

  test('reads EDNS: payload, version, DO', () => {
    const parsed = parseQuery(hex(HEADER_WITH_OPT + QUESTION + OPT));
    assert.equal(parsed.verdict, 'answer');
    assert.deepEqual(parsed.verdict === 'answer' && parsed.edns, {
      version: 0,
      udpPayloadBytes: 1232,
      dnssecOk: true,
      cookieAt: 0,
      cookieBytes: 0,
    });
  });

  test('skips EDNS options that are well formed, and finds the first cookie', () => {
    const options = 'ffff 0002 abcd | 000a 0008 0102030405060708 | 000a 0003 010203';
    const parsed = parseQuery(
      hex(`${HEADER_WITH_OPT + QUESTION} 00 0029 04d0 00000000 0019 ${options}`),
    );
    assert.equal(parsed.verdict, 'answer');
    const edns = parsed.verdict === 'answer' ? parsed.edns : undefined;
    assert.deepEqual([edns?.cookieAt, edns?.cookieBytes], [33 + 11 + 6 + 4, 8]);
  });

  test('rejects cookies of lengths that there are not (RFC 7873 section 5.2.2)', () => {
    for (let bytes = 0; bytes <= 50; bytes++) {
      const option = `000a ${bytes.toString(16).padStart(4, '0')} ${'ab'.repeat(bytes)}`;
      const optData = (4 + bytes).toString(16).padStart(4, '0');
      const message = `${HEADER_WITH_OPT + QUESTION} 00 0029 04d0 00000000 ${optData} ${option}`;
      const isCookie = bytes === 8 || (bytes >= 16 && bytes <= 40);
      assert.equal(rejectedAs(message), isCookie ? 'answer' : RCODE.FORMERR, `${bytes} bytes`);
    }
  });

  test('a query without a question is one for a cookie, if it has one', () => {
    const header = '1234 0100 0000 0000 0000 0001';
    const cookie = '00 0029 04d0 00000000 000c | 000a 0008 0102030405060708';
    assert.equal(rejectedAs(header + cookie), 'cookie');
    assert.equal(rejectedAs(`${header}00 0029 04d0 00000000 0000`), RCODE.FORMERR);
    assert.equal(rejectedAs(`${header + cookie}00`), RCODE.FORMERR);
  });

  test('does not read the options of another EDNS version', () => {
    const version1 = '00 0029 04d0 00 01 0000 0003 | 000a 00';
    assert.equal(rejectedAs(HEADER_WITH_OPT + QUESTION + version1), RCODE.BADVERS);
  });

  test('drops what is shorter than a header', () => {
    for (let length = 0; length < 12; length++) {
      const parsed = parseQuery(hex(HEADER).subarray(0, length));
      assert.deepEqual(parsed, { verdict: 'drop', reason: 'short' });
    }
  });

  test('drops a response', () => {
    const parsed = parseQuery(hex(`1234 8100 0001 0000 0000 0000 ${QUESTION}`));
    assert.deepEqual(parsed, { verdict: 'drop', reason: 'response' });
  });

  test('rejects every opcode but QUERY with NOTIMP', () => {
    for (let opcode = 1; opcode < 16; opcode++) {
      const message = hex(HEADER + QUESTION);
      message[2] = opcode << 3;
      const parsed = parseQuery(message);
      assert.equal(parsed.verdict === 'reject' && parsed.rcode, RCODE.NOTIMP);
    }
  });

  test('rejects other numbers of questions than one with FORMERR', () => {
    assert.equal(rejectedAs('1234 0100 0000 0000 0000 0000'), RCODE.FORMERR);
    const two = `1234 0100 0002 0000 0000 0000 ${QUESTION}${QUESTION}`;
    assert.equal(rejectedAs(two), RCODE.FORMERR);
  });

  test('rejects answer and authority records in a query with FORMERR', () => {
    const record = 'c00c 0001 0001 00000000 0004 7f000001';
    assert.equal(rejectedAs(`1234 0100 0001 0001 0000 0000 ${QUESTION}${record}`), RCODE.FORMERR);
    assert.equal(rejectedAs(`1234 0100 0001 0000 0001 0000 ${QUESTION}${record}`), RCODE.FORMERR);
  });

  test('rejects a query cut short at any byte after the header with FORMERR', () => {
    const whole = hex(HEADER_WITH_OPT + QUESTION + OPT);
    for (let length = 12; length < whole.length; length++) {
      const parsed = parseQuery(whole.subarray(0, length));
      assert.equal(parsed.verdict === 'reject' && parsed.rcode, RCODE.FORMERR, `${length} bytes`);
    }
  });

  test('rejects bytes after the end with FORMERR', () => {
    assert.equal(rejectedAs(`${HEADER + QUESTION}00`), RCODE.FORMERR);
    assert.equal(rejectedAs(`${HEADER_WITH_OPT + QUESTION + OPT}00`), RCODE.FORMERR);
  });

  test('rejects a compressed question name with FORMERR', () => {
    assert.equal(rejectedAs(`${HEADER} c00c 0023 0001`), RCODE.FORMERR);
    assert.equal(rejectedAs(`${HEADER} 0133 c004 0023 0001`), RCODE.FORMERR);
  });

  test('rejects reserved label types with FORMERR', () => {
    assert.equal(rejectedAs(`${HEADER} 40 00 0023 0001`), RCODE.FORMERR);
    assert.equal(rejectedAs(`${HEADER} 80 00 0023 0001`), RCODE.FORMERR);
  });

  test('takes a name of 255 bytes and rejects one of 256', () => {
    const label63 = `3f${'61'.repeat(63)}`;
    const of255 = `${label63.repeat(3)}3d${'61'.repeat(61)}00`;
    const of256 = `${label63.repeat(3)}3e${'61'.repeat(62)}00`;
    assert.equal(rejectedAs(`${HEADER + of255}00230001`), 'answer');
    assert.equal(rejectedAs(`${HEADER + of256}00230001`), RCODE.FORMERR);
  });

  test('rejects a second OPT with FORMERR, and keeps EDNS for the answer', () => {
    const parsed = parseQuery(hex(`1234 0100 0001 0000 0000 0002 ${QUESTION}${OPT}${OPT}`));
    assert.equal(parsed.verdict === 'reject' && parsed.rcode, RCODE.FORMERR);
    assert.ok(parsed.verdict === 'reject' && parsed.edns !== undefined);
  });

  test('rejects an additional record other than OPT, or OPT with an owner, with FORMERR', () => {
    const address = 'c00c 0001 0001 00000000 0004 7f000001';
    assert.equal(rejectedAs(HEADER_WITH_OPT + QUESTION + address), RCODE.FORMERR);
    const owned = '0133 00 0029 04d0 00000000 0000';
    assert.equal(rejectedAs(HEADER_WITH_OPT + QUESTION + owned), RCODE.FORMERR);
  });

  test('rejects EDNS options that overrun their record with FORMERR', () => {
    const overrun = '00 0029 04d0 00000000 0006 | 000a 0003 0102';
    const half = '00 0029 04d0 00000000 0003 | 000a 00';
    assert.equal(rejectedAs(HEADER_WITH_OPT + QUESTION + overrun), RCODE.FORMERR);
    assert.equal(rejectedAs(HEADER_WITH_OPT + QUESTION + half), RCODE.FORMERR);
  });

  test('rejects EDNS versions above 0 with BADVERS', () => {
    const version1 = '00 0029 04d0 00 01 0000 0000';
    assert.equal(rejectedAs(HEADER_WITH_OPT + QUESTION + version1), RCODE.BADVERS);
  });
});

describe('responses on the wire', () => {
  test('a ported number gets its two records', () => {
    const digits = '3 2 1 0 5 5 5 5 1 2 1'.split(' ');
    const name = digits.map((digit) => `01 3${digit}`).join('');
    const question = `${name} 0465313634 0461727061 00 0023 0001`;
    const ascii = (text: string) =>
      text.length.toString(16).padStart(2, '0') + Buffer.from(text, 'latin1').toString('hex');
    const sip = '!^.*$!sip:+12155550123@ims.mnc410.mcc310.3gppnetwork.org;user=phone!';
    const tel = '!^.*$!tel:+12155550123;npdi;rn=310410;rn-context=mnc410.mcc310.3gppnetwork.org!';
    const sipData = `0064 000a ${ascii('u')}${ascii('E2U+sip')}${ascii(sip)}00`;
    const telData = `0064 0014 ${ascii('u')}${ascii('E2U+pstn:tel')}${ascii(tel)}00`;
    const record = (data: string) =>
      `c00c 0023 0001 0000012c ${hex(data).length.toString(16).padStart(4, '0')} ${data}`;
    const { bytes } = send(hex(`1234 0100 0001 0000 0000 0001 ${question}${OPT}`));
    const expected = hex(
      `1234 8500 0001 0002 0000 0001 ${question}${record(sipData)}${record(telData)}${OPT}`,
    );
    assert.deepEqual(bytes, expected);
  });

  test('NXDOMAIN carries the SOA, owned by the end of the question', () => {
    const question = '0139 04 45313634 04 41725041 00 0023 0001'; // 9.E164.ArPA
    const soaData =
      '036e7331 076578616d706c65 036f7267 00' +
      '0a686f73746d6173746572 076578616d706c65 036f7267 00' +
      '78c24e81 00001c20 00000384 00093a80 0000003c';
    const length = hex(soaData).length.toString(16).padStart(4, '0');
    const { bytes } = send(hex(`abcd 0000 0001 0000 0000 0000 ${question}`));
    assert.deepEqual(
      bytes,
      hex(`abcd 8403 0001 0000 0001 0000 ${question} c00e 0006 0001 0000003c ${length} ${soaData}`),
    );
  });

  test('BADVERS is split over header and OPT', () => {
    const { bytes } = send(hex(`${HEADER_WITH_OPT + QUESTION}00 0029 04d0 00 01 0000 0000`));
    assert.deepEqual(
      bytes,
      hex(`1234 8100 0001 0000 0000 0001 ${QUESTION} 00 0029 04d0 01 00 0000 0000`),
    );
  });

  test('NOTIMP echoes id, opcode and RD, and nothing else', () => {
    const { bytes } = send(hex(`1234 2930 0001 0000 0000 0000 ${QUESTION}`));
    assert.deepEqual(bytes, hex('1234 a904 0000 0000 0000 0000'));
  });
});

describe('ResponseWriter', () => {
  const question = { questionEnd: 33, edns: undefined };

  test('never writes past its limit, and drops every record when one does not fit', () => {
    const query = hex(HEADER + QUESTION);
    for (let limit = 33; limit < 33 + 2 * 22; limit++) {
      const out = new Uint8Array(512).fill(0xee);
      const writer = new ResponseWriter(query, question, out, limit);
      for (let count = 0; count < 2; count++) {
        writer.beginRecord('answer', 12, 16, 1);
        writer.characterString('123456789');
        writer.endRecord();
      }
      const length = writer.finish(RCODE.NOERROR, true);
      assert.equal(writer.truncated, true);
      assert.equal(length, 33);
      assert.equal(out[2]! & 0x02, 0x02, 'TC');
      assert.deepEqual([...out.subarray(6, 10)], [0, 0, 0, 0]);
      assert.ok(out.subarray(limit).every((byte) => byte === 0xee));
    }
  });

  test('uses the whole of its limit', () => {
    const out = new Uint8Array(512);
    const writer = new ResponseWriter(hex(HEADER + QUESTION), question, out, 33 + 22);
    writer.beginRecord('authority', 12, 16, 1);
    writer.characterString('123456789');
    writer.endRecord();
    assert.equal(writer.finish(RCODE.NOERROR, true), 55);
    assert.equal(writer.truncated, false);
    assert.deepEqual([...out.subarray(6, 10)], [0, 0, 0, 1]);
  });
});

test('the UDP limit is 512 without EDNS and 512 to 1232 with it', () => {
  const rest = { version: 0, dnssecOk: false, cookieAt: 0, cookieBytes: 0 };
  const edns = (udpPayloadBytes: number) => ({ ...rest, udpPayloadBytes });
  assert.equal(udpLimitBytes(undefined), 512);
  assert.equal(udpLimitBytes(edns(0)), 512);
  assert.equal(udpLimitBytes(edns(511)), 512);
  assert.equal(udpLimitBytes(edns(800)), 800);
  assert.equal(udpLimitBytes(edns(65_535)), 1232);
});

test('encodeName gives wire form, with or without the final dot', () => {
  const expected = hex('0465313634 0461727061 00');
  assert.deepEqual(encodeName('e164.arpa'), expected);
  assert.deepEqual(encodeName('e164.arpa.'), expected);
});

test('encodeName refuses empty, long and non-ASCII labels, and long names', () => {
  const of253 = `${'a'.repeat(63)}.${'a'.repeat(63)}.${'a'.repeat(63)}.${'a'.repeat(61)}`;
  assert.equal(encodeName(of253)?.length, 255);
  for (const bad of ['', '.', 'a..b', '.a', 'a b', 'é.org', 'a'.repeat(64), `${of253}a`]) {
    assert.equal(encodeName(bad), undefined, JSON.stringify(bad));
  }
});
