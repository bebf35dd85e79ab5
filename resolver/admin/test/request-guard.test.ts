// Pages of others in an operator's browser get nothing from the admin port and change nothing there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalOf } from '../request-guard.ts';

const open = { adminHost: '127.0.0.1', hasToken: false };

test('programs and the console itself are taken', () => {
  for (const host of ['127.0.0.1:8081', 'localhost:8081', '[::1]:8081', '10.1.2.3', '']) {
    assert.equal(refusalOf('GET', { host }, open), undefined, host);
    assert.equal(refusalOf('POST', { host }, open), undefined, host);
  }
  const own = { host: 'localhost:8081', origin: 'http://localhost:8081' };
  assert.equal(refusalOf('POST', { ...own, 'sec-fetch-site': 'same-origin' }, open), undefined);
});

test('a name that points to this machine is refused, unless it is listened on or a token is asked for', () => {
  const host = 'rebound.example:8081';
  assert.notEqual(refusalOf('GET', { host }, open), undefined);
  assert.notEqual(refusalOf('GET', { host: 'localhost.rebound.example' }, open), undefined);
  assert.equal(refusalOf('GET', { host }, { ...open, hasToken: true }), undefined);
  assert.equal(refusalOf('GET', { host }, { ...open, adminHost: 'Rebound.example' }), undefined);
});

test('a page of another origin changes nothing, whichever header its browser sends', () => {
  const host = '127.0.0.1:8081';
  for (const headers of [
    { host, 'sec-fetch-site': 'cross-site' },
    { host, 'sec-fetch-site': 'same-site' },
    { host, origin: 'http://127.0.0.1:3000' },
    { host, origin: 'null' },
  ]) {
    for (const method of ['POST', 'DELETE', 'PUT']) {
      assert.notEqual(refusalOf(method, headers, open), undefined, JSON.stringify(headers));
      assert.notEqual(refusalOf(method, headers, { ...open, hasToken: true }), undefined);
    }
  }
});
