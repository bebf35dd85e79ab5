// What a request is called reaches the log and the answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenHttp } from '../http/http-server.ts';
import { problem } from '../http/problem.ts';
import { newRequestId, REQUEST_ID_HEADER, requestIdOf } from '../http/request-id.ts';

test('the correlation header comes before the request id, and neither ends a line of the log', () => {
  const of = (headers: Record<string, string>) => requestIdOf((name) => headers[name]);
  assert.equal(of({}), undefined);
  assert.equal(of({ 'x-request-id': 'a' }), 'a');
  assert.equal(of({ 'x-request-id': 'a', '3gpp-sbi-correlation-info': 'imsi-1' }), 'imsi-1');
  assert.equal(of({ 'x-request-id': 'a\r\nb\u001b[31m\u2028' }), 'ab[31m');
  assert.equal(of({ 'x-request-id': '\u0000' }), undefined);
  assert.equal(of({ 'x-request-id': 'x'.repeat(5000) })?.length, 128);
  assert.notEqual(newRequestId(), newRequestId());
});

test('a request keeps its name through failures now, late and with a body', async () => {
  const failures: [string, string | undefined][] = [];
  const server = await listenHttp(
    '127.0.0.1',
    0,
    ({ path, query, onNamed }) => {
      if (query !== '') onNamed?.(query);
      const fail = () => {
        throw new Error(path);
      };
      if (path === '/now') return fail();
      if (path === '/late') return Promise.reject(new Error(path));
      if (path === '/body') return { bytesMax: 10, answer: fail };
      if (path === '/missing') return problem(404, 'USER_NOT_FOUND', 'x');
      return { status: 200, contentType: 'text/plain', body: 'well' };
    },
    (error, requestId) => {
      failures.push([(error as Error).message, requestId]);
      return problem(500, 'SYSTEM_FAILURE', 'x');
    },
  );
  try {
    const ask = async (path: string, headers: Record<string, string>, body?: string) => {
      const url = `http://127.0.0.1:${server.port}${path}`;
      const response = await fetch(url, body ? { method: 'POST', headers, body } : { headers });
      return [response.status, response.headers.get(REQUEST_ID_HEADER)];
    };
    assert.deepEqual(await ask('/now', { 'x-request-id': 'one' }), [500, 'one']);
    assert.deepEqual(await ask('/late', { '3gpp-Sbi-Correlation-Info': 'imsi-2' }), [
      500,
      'imsi-2',
    ]);
    assert.deepEqual(await ask('/body', { 'x-request-id': 'three' }, 'x'), [500, 'three']);
    assert.deepEqual(await ask('/now', {}), [500, null]);
    assert.deepEqual(await ask('/missing', { 'x-request-id': 'five' }), [404, 'five']);
    assert.deepEqual(await ask('/well', { 'x-request-id': 'six' }), [200, null]);
    const names = failures.map(([, requestId]) => requestId);
    assert.deepEqual(names, ['one', 'imsi-2', 'three', undefined]);
    // What the audit log calls a request without a name, its fault and its error are called too.
    for (const path of ['/now?ours', '/late?ours', '/missing?ours']) {
      assert.equal((await ask(path, {}))[1], 'ours');
    }
    assert.deepEqual(await ask('/body?ours', {}, 'x'), [500, 'ours']);
    assert.deepEqual(
      failures.slice(4).map(([, requestId]) => requestId),
      ['ours', 'ours', 'ours'],
    );
  } finally {
    server.close();
  }
});
