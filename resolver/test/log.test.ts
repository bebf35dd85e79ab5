// Logs as people read them.

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createLog } from '../log.ts';

function written(write: (out: Writable) => void): string {
  let text = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  write(out);
  return text;
}

test('an event is one line, whatever a client has put into a name', () => {
  const text = written((out) => {
    const file = 'a\n2026-01-01 info forged\u001b[2J';
    createLog('info', 'text', out).warn({ file }, 'snapshot refused');
  });
  assert.equal(text.indexOf('\n'), text.length - 1);
  assert.ok(text.endsWith('snapshot refused file=a\\n2026-01-01 info forged\\u001b[2J\n'), text);
});

test('what caused an error is told once', () => {
  const cause = new Error('no such file');
  const repeated = new Error(`cannot read it: ${cause.message}`, { cause });
  const other = new Error('cannot read it', { cause });
  for (const err of [repeated, other]) {
    const text = written((out) => createLog('info', 'text', out).warn({ err }, 'passed over'));
    assert.ok(text.endsWith('passed over Error cannot read it: no such file\n'), text);
  }
});
