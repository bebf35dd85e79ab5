// The audit log without a service: what is shown of a number, limits, files that are moved away.

import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import pino from 'pino';
import { parseDigits } from '../../../ledger/number.ts';
import type { HttpHandler } from '../../http/http-handler.ts';
import { problem } from '../../http/problem.ts';
import { nbchfOverSbi } from '../../sbi/nbchf-resources.ts';
import type { SbiRequest } from '../../sbi/sbi-message.ts';
import { exampleRoute } from '../../test/example-route.ts';
import type { AccessGate } from '../access-gate.ts';
import {
  AuditBuffer,
  type AuditLot,
  LOT_BYTES_MAX,
  WAITING_DECISIONS_MAX,
} from '../audit-buffer.ts';
import { AuditFile } from '../audit-file.ts';
import {
  type AuditedAsking,
  type AuditedDecision,
  AuditLineWriter,
  type AuditNumbers,
} from '../audit-line-codec.ts';
import { guardSbi } from '../sbi-gate.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-audit-'));
after(() => rmSync(directory, { recursive: true }));
const log = pino({ level: 'silent' });

const asking: AuditedAsking = {
  interface: 'http',
  operation: 'routing-info',
  rule: 'amfs',
  subject: 'a"b',
  nfType: 'AMF',
  network: { mcc: '262', mnc: '01' },
};
const decisionOf = (digits: string): AuditedDecision => ({
  timeMs: 1_800_000_000_000,
  asking,
  ueId: { identity: 'imsi', key: parseDigits(digits)! },
  count: 1,
  cause: undefined,
  isCredentialGood: false,
  route: exampleRoute('udm-a', { member: 'member-a' }),
  requestId: { text: 'amf-17', isOwn: false },
});

/** A line without its end. */
function formatAuditLine(decision: AuditedDecision, numbers: AuditNumbers): string {
  const writer = new AuditLineWriter(numbers, 4096, UUID);
  assert.ok(writer.add(decision));
  const text = textOf(writer.take());
  assert.equal(text.at(-1), '\n');
  return text.slice(0, -1);
}

const textOf = (lines: Uint8Array) => Buffer.from(lines).toString();
const UUID = '12345678-1234-4123-8123-123456789012';
const bytesOf = (lines: string) => Buffer.from(lines);

describe('audit lines', () => {
  it('have the form that they have had since they exist', () => {
    assert.equal(
      formatAuditLine(decisionOf('460001234567890'), { style: 'masked' }),
      '{"time":"2027-01-15T08:00:00.000Z","interface":"http","operation":"routing-info",' +
        '"rule":"amfs","subject":"a\\"b","nfType":"AMF","network":"262-01","identity":"imsi",' +
        '"number":"460001*********","count":1,"decision":"allowed","cause":null,' +
        '"credential":null,"member":"member-a","route":"udm-a","requestId":"amf-17"}',
    );
  });

  it('call a request what its sender does, but for numbers in it', () => {
    const named = (text: string, numbers: AuditNumbers, isOwn = false) =>
      JSON.parse(
        formatAuditLine({ ...decisionOf('460001234567890'), requestId: { text, isOwn } }, numbers),
      );
    const masked = { style: 'masked' } as const;
    const key = createSecretKey(Buffer.alloc(32, 1));
    const shown = (text: string) => named(text, masked).requestId;
    assert.equal(shown('imsi-460001234567890'), 'imsi-460001*********');
    assert.equal(shown('supi=imsi-460001234567890;x'), 'supi=imsi-460001*********;x');
    assert.equal(shown('msisdn-12345'), 'msisdn-*****');
    assert.equal(shown('a1234567b'), 'a1******b');
    assert.equal(shown('imsi-1234567890123456'), 'imsi-123456**********');
    assert.equal(shown('a-123456-b'), 'a-123456-b');
    const hashed = named('imsi-460001234567890', { style: 'hashed', key });
    assert.equal(hashed.requestId, `imsi-${hashed.number}`);
    assert.equal(named(UUID, masked, true).requestId, UUID, 'ours has no number in it');
    assert.ok(!shown(UUID).includes('12345678'));
  });

  it('hide six digits and more of a number of any length', () => {
    for (let length = 1; length <= 15; length++) {
      const digits = '123456789012345'.slice(0, length);
      const { number } = JSON.parse(formatAuditLine(decisionOf(digits), { style: 'masked' }));
      assert.equal(number.length, length);
      assert.ok(digits.startsWith(number.replaceAll('*', '')), number);
      const nines = '9'.repeat(length);
      const line = formatAuditLine(decisionOf(nines), { style: 'masked' });
      assert.equal(JSON.parse(line).number, number.replaceAll(/[0-9]/g, '9'));
      assert.ok(/^[0-9]{0,6}\**$/.test(number));
      assert.ok(number.split('*').length - 1 >= Math.min(6, length), number);
    }
  });

  it('call a request that neither side has named by a name of their own, each another', () => {
    const writer = new AuditLineWriter({ style: 'masked' }, 1 << 20, UUID);
    const unnamed = { ...decisionOf('460001234567890'), requestId: undefined };
    for (let number = 0; number < 1000; number++) assert.ok(writer.add(unnamed));
    const lines = textOf(writer.take()).trim().split('\n');
    const names = lines.map((line) => JSON.parse(line).requestId as string);
    assert.equal(new Set(names).size, 1000);
    for (const name of names) {
      assert.equal(name.slice(0, 24), UUID.slice(0, 24));
      assert.match(name, /^[0-9a-f-]{36}$/);
    }
  });

  it('are added whole or not at all', () => {
    const decision = decisionOf('460001234567890');
    const whole = formatAuditLine(decision, { style: 'masked' });
    const writer = new AuditLineWriter({ style: 'masked' }, 2 * whole.length + 1, UUID);
    assert.deepEqual([writer.add(decision), writer.add(decision)], [true, false]);
    assert.equal(writer.lineCount, 1);
    assert.equal(textOf(writer.take()), `${whole}\n`);
    assert.equal(writer.add(decision), true);
  });

  it('have the hash of openssl mac -cipher AES-256-CBC -macopt hexkey:KEY CMAC', () => {
    const key = createSecretKey('a key of sixteen', 'latin1');
    // Of i and the digits, under SHA-256 of the key.
    for (const [digits, hash] of [
      ['460001234567890', '04bb86564ce700f9081f71c1faca2555'],
      ['46000123456789', 'c7ee0ffb4bc2aa6ef15403e079a4c125'],
    ] as const) {
      const named = { text: `imsi-${digits}`, isOwn: false };
      const decision = { ...decisionOf(digits), requestId: named };
      const line = JSON.parse(formatAuditLine(decision, { style: 'hashed', key }));
      assert.deepEqual([line.number, line.requestId], [`cmac-${hash}`, `imsi-cmac-${hash}`]);
    }
    const msisdn = { identity: 'msisdn', key: parseDigits('358401234567')! } as const;
    const line = formatAuditLine({ ...decisionOf('1'), ueId: msisdn }, { style: 'hashed', key });
    assert.equal(JSON.parse(line).number, 'cmac-3c0250bcc4b656a1d37bf26ffd231dda');
  });

  it('have each its own hash, also beside a line that had no room', () => {
    const key = createSecretKey(Buffer.alloc(32, 1));
    const alone = (digits: string) =>
      `${formatAuditLine(decisionOf(digits), { style: 'hashed', key })}\n`;
    const numbers = ['460001234567890', '1', '46000123456789'];
    const lines = numbers.map(alone);
    assert.equal(new Set(lines.map((line) => JSON.parse(line).number)).size, numbers.length);
    const room = lines.join('').length;
    const writer = new AuditLineWriter({ style: 'hashed', key }, room + 1, UUID);
    for (let lot = 0; lot < 2; lot++) {
      const added = [...numbers, '9'].map((digits) => writer.add(decisionOf(digits)));
      assert.deepEqual(added, [true, true, true, false]);
      assert.equal(textOf(writer.take()), lines.join(''));
    }
  });

  it('have another hash under another key', () => {
    const hash = (byte: number) => {
      const key = createSecretKey(Buffer.alloc(32, byte));
      const line = formatAuditLine(decisionOf('460001234567890'), { style: 'hashed', key });
      return JSON.parse(line).number;
    };
    assert.equal(hash(1), hash(1));
    assert.notEqual(hash(1), hash(2));
  });
});

describe('what the audit log calls a request without a name', () => {
  it('stays with a request of the service-based interfaces, which other threads can still be handed', () => {
    const named: Pick<AccessGate, 'decide' | 'refusedByToken'> = {
      decide: ({ onNamed }) => {
        onNamed?.('ours');
        return undefined;
      },
      refusedByToken: ({ onNamed }, { refusal }) => {
        onNamed?.('ours, refused');
        return refusal;
      },
    };
    const requestFor = (path: string): SbiRequest => ({
      ...{ method: 'GET', path, query: '', headers: {}, body: new Uint8Array(0), receivedMs: 0 },
    });
    const status = requestFor('/nmnpf-npstatus/v1/msisdn-358501234567');
    const service = { name: 'nmnpf-npstatus', nfType: 'MNPF' } as const;
    guardSbi(named, () => ({ token: undefined }))(service, status);
    assert.equal(structuredClone(status).nameInAudit, 'ours');
    const refusal = problem(401, 'UNAUTHORIZED', 'x');
    guardSbi(named, () => ({ refusal, cause: 'UNAUTHORIZED' }))(service, status);
    assert.equal(status.nameInAudit, 'ours, refused');
    const nbchf = requestFor('/nbchf-routing/v1/routing-info/msisdn-358501234567');
    const handle: HttpHandler = ({ onNamed }) => {
      onNamed?.('ours');
      return refusal;
    };
    assert.equal(nbchfOverSbi(handle)(nbchf), refusal);
    assert.equal(structuredClone(nbchf).nameInAudit, 'ours');
  });
});

describe('the audit buffer', () => {
  const decision = decisionOf('460001234567890');
  const opened = () => {
    const lots: AuditLot[] = [];
    const buffer = new AuditBuffer({ style: 'masked' }, UUID, (lot) => lots.push(lot));
    const note = (count: number, noted = decision) => {
      for (let at = 0; at < count; at++) buffer.note(noted);
    };
    return { lots, buffer, note };
  };
  const countOf = (lots: readonly AuditLot[]) =>
    lots.reduce((sum, { lineCount }) => sum + lineCount, 0);

  it('has one lot under way, keeps what waits up to a limit, and counts what is lost', () => {
    const { lots, buffer, note } = opened();
    note(3);
    buffer.flush();
    note(WAITING_DECISIONS_MAX + 5);
    buffer.flush();
    assert.deepEqual([lots.length, countOf(lots), buffer.lostCount], [1, 3, 5]);
    buffer.taken(3);
    assert.equal(buffer.lostCount, 8);
    buffer.flush();
    assert.equal(lots.length, 2, 'the next is under way');
    buffer.flushAll();
    assert.deepEqual([countOf(lots), buffer.lostCount], [3 + WAITING_DECISIONS_MAX, 8]);
    assert.equal(buffer.takenCount, 3 + WAITING_DECISIONS_MAX);
    for (const { lines, lineCount } of lots) {
      assert.equal(textOf(lines).split('\n').length - 1, lineCount);
    }
    note(2);
    buffer.flushAll();
    assert.equal(countOf(lots), 5 + WAITING_DECISIONS_MAX, 'there is room again');
  });

  it('sends a full lot at once, and the next as soon as that is taken, without waiting for the clock', () => {
    const { lots, buffer, note } = opened();
    const wholeLot = Math.floor(
      LOT_BYTES_MAX / (formatAuditLine(decision, { style: 'masked' }).length + 1),
    );
    note(wholeLot);
    assert.equal(lots.length, 0);
    note(2 * wholeLot + 1);
    assert.deepEqual(
      lots.map(({ lineCount }) => lineCount),
      [wholeLot],
    );
    buffer.taken(0);
    buffer.taken(0);
    buffer.taken(0);
    assert.deepEqual(
      lots.map(({ lineCount }) => lineCount),
      [wholeLot, wholeLot, wholeLot],
    );
    buffer.flush();
    assert.equal(lots.at(-1)?.lineCount, 1);
    assert.equal(buffer.lostCount, 0);
  });

  it('loses a line that is longer than a lot, and no other', () => {
    const { lots, buffer, note } = opened();
    note(1);
    note(1, { ...decision, cause: 'x'.repeat(LOT_BYTES_MAX) });
    note(1);
    buffer.flushAll();
    assert.deepEqual([countOf(lots), buffer.lostCount], [2, 1]);
    for (const { lines } of lots) {
      for (const line of textOf(lines).trim().split('\n'))
        assert.equal(JSON.parse(line).cause, null);
    }
  });
});

describe('the audit file', () => {
  it('is moved away before it grows beyond its size, and nine are kept', async () => {
    const path = join(directory, 'small.log');
    const file = await AuditFile.open(path, 10, log);
    for (let number = 0; number < 12; number++) {
      assert.equal(await file.write(bytesOf(`line ${number}\n`)), true);
    }
    await file.close();
    const read = (name: string) => readFileSync(name, 'utf8');
    assert.equal(read(path), 'line 11\n');
    assert.equal(read(`${path}.1`), 'line 10\n');
    assert.equal(read(`${path}.9`), 'line 2\n');
    assert.throws(() => read(`${path}.10`));
  });

  it('says that lines are lost where too many wait or it cannot be written', async () => {
    const file = await AuditFile.open(join(directory, 'slow.log'), 0, log);
    const written = await Promise.all(
      Array.from({ length: 100 }, () => file.write(bytesOf('x\n'))),
    );
    assert.equal(written.filter((isWritten) => isWritten).length, 64);
    await file.close();
    assert.equal(await file.write(bytesOf('x\n')), false);
  });

  it('that cannot be opened is BCHF_AUDIT_FAILED', async () => {
    const open = AuditFile.open(join(directory, 'missing', 'audit.log'), 0, log);
    await assert.rejects(open, { code: 'BCHF_AUDIT_FAILED' });
  });
});
