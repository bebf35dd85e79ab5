// What the bench http promises besides speed, which no test measures.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ResponseCounter } from '../bench/bench-http-load.ts';

const bench = fileURLToPath(new URL('../bench/http.js', import.meta.url));

test('http ends in one JSON object with its figures and judges no bar in short runs', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bench, '--quick'], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const { figures } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
  for (const name of ['requestsPerSecond', 'bareUws', 'ratio', 'lookupsPerSecond']) {
    assert.ok(figures[name].min > 0, name);
  }
  assert.match(stdout, /ratio .*>= 0.85 +not judged\n/);
});

test('responses are counted whole, however the stream is cut', () => {
  const response = (body: string) =>
    `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const stream = Buffer.from(response('') + response('a\r\n\r\nb') + response('x'.repeat(300)));
  for (let cut = 1; cut <= stream.length; cut++) {
    const counter = new ResponseCounter();
    for (let at = 0; at < stream.length; at += cut) counter.take(stream.subarray(at, at + cut));
    assert.equal(counter.count, 3, `pieces of ${cut}`);
  }
  assert.throws(() => new ResponseCounter().take(Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n')));
});
