// The load of registrations, in small: what is counted is what happened.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { reportHtml } from '../../../loadtest/scenario/report-html.ts';
import { type Consortium, startConsortium } from '../consortium.ts';
import { formatLoad, generateLoad, isWell, putOnLedger } from '../load.ts';

const load = {
  phases: [{ name: 'load', seconds: 1, rate: 100, warmUp: false }],
  terminals: 200,
  roamerPercent: 30,
  order: ['local', 'bchf'],
  by: 'nbchf',
  seed: 1,
  credentials: true,
  generators: 2,
  // A busy machine may take its time.
  timeoutMs: 60_000,
} as const;
const { signal } = new AbortController();

let consortium: Consortium;
before(async () => {
  const onFailure = (error: Error) => {
    throw error;
  };
  consortium = (await startConsortium({ signal, onFailure }))!;
  await putOnLedger(load, consortium);
});
after(() => consortium?.stop());

test('every registration under load is accepted by the element that the ledger names', async () => {
  const { bchf, metrics } = consortium;
  const measured = (await generateLoad({ ...load, bchf }, metrics, signal))!;
  const { report, lookups } = measured;
  const [home, roamers] = report.streams;
  assert.equal(report.verdict, 'ok');
  assert.equal(home!.counts.answered + roamers!.counts.answered + unsentOf(report), 100);
  assert.ok(roamers!.counts.answered > 0 && home!.counts.answered > 0);
  // Whom the local element knows needs no BCHF; all others do, once.
  assert.equal(lookups.totalCount, roamers!.counts.answered);
  assert.match(formatLoad(measured), /all of roamers .*not accepted: none\n$/s);
  assert.match(reportHtml([report]), /registrations, 30% roamers/);
});

test('every registration is accepted too where the BCHF is asked first, over UDP', async () => {
  const { bchf, metrics } = consortium;
  const batch = { ...load, order: ['bchf'], by: 'batch', credentials: false } as const;
  const measured = (await generateLoad({ ...batch, bchf }, metrics, signal))!;
  assert.equal(measured.report.verdict, 'ok');
});

test('registrations that no BCHF helps are counted as failed, by cause, and none as accepted', async () => {
  const ports = { http: 1, sbi: 1, batch: 1, enum: 1 };
  const bchf = { name: 'BCHF', host: '127.0.0.1', ports };
  const dead = { ...load, order: ['bchf'], credentials: false, bchf } as const;
  const measured = (await generateLoad(dead, '', signal))!;
  const failed = measured.report.streams.map(({ counts }) => counts.errors);
  assert.equal(measured.failed.unreachable! + unsentOf(measured.report), 100);
  assert.equal(failed[0]! + failed[1]!, measured.failed.unreachable);
  assert.equal(isWell(measured), false);
});

function unsentOf({ streams }: { streams: { counts: { unsent: number } }[] }): number {
  return streams.reduce((sum, { counts }) => sum + counts.unsent, 0);
}
