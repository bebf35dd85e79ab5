// Checks of credentials in one thread: what waits and what is refused when more come than are checked,
// and that nothing but a good credential takes room among the used ones.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReplayWindow } from '../../udp/replay-window.ts';
import { packVerdicts, unpackCredentials } from '../credential-check-codec.ts';
import {
  BATCHES_UNDER_WAY_MAX,
  CredentialChecks,
  WAITING_CREDENTIALS_MAX,
} from '../credential-checks.ts';
import { IMSI_A, terminal, VISITED } from './access-fixture.ts';

const NOW_MS = 1_800_000_000_000;
const WINDOW_MS = 30_000;
const phone = terminal(IMSI_A);

function subject(countMax = 1024) {
  const sent: { batch: number; count: number }[] = [];
  let nowMs = NOW_MS;
  const checks = new CredentialChecks({
    send: (batch, packed) => sent.push({ batch, count: unpackCredentials(packed).length }),
    used: new ReplayWindow(WINDOW_MS, countMax),
    secret: new Uint8Array(32),
    hasKeys: true,
    now: () => nowMs,
    onChecked: () => {},
  });
  return {
    checks,
    sent,
    pass: (ms: number) => {
      nowMs += ms;
    },
    check: (credential = phone.credential({ timeMs: NOW_MS })) =>
      checks.check(credential, {
        ueId: phone.ueId,
        networks: [VISITED],
        nowMs,
        windowMs: WINDOW_MS,
      }),
    answerAll: (verdict: 'good' | 'signature-invalid' | 'failed') => {
      for (const { batch, count } of sent.splice(0)) {
        checks.answered(batch, packVerdicts(new Array(count).fill(verdict)));
      }
    },
  };
}

describe('checks of credentials', () => {
  it('wait up to a limit and are refused beyond it, until verdicts make room', async () => {
    const { check, sent, answerAll } = subject();
    const text = phone.credential({ timeMs: NOW_MS });
    const under = Array.from({ length: BATCHES_UNDER_WAY_MAX }, () => check(text));
    assert.deepEqual(
      sent.map(({ count }) => count),
      new Array(BATCHES_UNDER_WAY_MAX).fill(1),
    );
    const waiting = Array.from({ length: WAITING_CREDENTIALS_MAX }, () => check(text));
    assert.ok(waiting.every((one) => one instanceof Promise));
    assert.equal(check(text), 'CREDENTIAL_CONGESTION');
    answerAll('signature-invalid');
    assert.ok(
      sent.every(({ count }) => count > 1),
      'what has waited goes in batches',
    );
    assert.ok(check(text) instanceof Promise);
    for (let round = 0; sent.length > 0 && round < 100; round++) answerAll('signature-invalid');
    const causes = await Promise.all([...under, ...waiting]);
    assert.deepEqual([...new Set(causes)], ['CREDENTIAL_SIGNATURE_INVALID']);
  });

  it('note only good ones as used, each once in its window', async () => {
    const { check, answerAll } = subject();
    const text = phone.credential({ timeMs: NOW_MS });
    const told = async (verdict: 'good' | 'signature-invalid' | 'failed') => {
      const late = check(text);
      answerAll(verdict);
      return late;
    };
    assert.equal(await told('signature-invalid'), 'CREDENTIAL_SIGNATURE_INVALID');
    assert.equal(await told('failed'), 'CREDENTIAL_CONGESTION');
    assert.equal(await told('good'), undefined);
    assert.equal(await told('good'), 'CREDENTIAL_REPLAYED');
  });

  it('refuse what is new where the memory of used ones is full, and never forget in time', async () => {
    const { check, answerAll, pass } = subject(16);
    const texts = Array.from({ length: 17 }, () => phone.credential({ timeMs: NOW_MS }));
    const causes: unknown[] = [];
    for (const text of [...texts, texts[0]]) {
      const late = check(text);
      answerAll('good');
      causes.push(await late);
    }
    const fresh = new Array(16).fill(undefined);
    assert.deepEqual(causes, [...fresh, 'CREDENTIAL_CONGESTION', 'CREDENTIAL_REPLAYED']);
    pass(3 * WINDOW_MS);
    const later = check(phone.credential({ timeMs: NOW_MS + 3 * WINDOW_MS }));
    answerAll('good');
    assert.equal(await later, undefined);
  });

  it('refuse one that went out of its time while it waited', async () => {
    const { check, answerAll, pass } = subject();
    const late = check(phone.credential({ timeMs: NOW_MS - WINDOW_MS }));
    pass(1);
    answerAll('good');
    assert.equal(await late, 'CREDENTIAL_EXPIRED');
  });
});
