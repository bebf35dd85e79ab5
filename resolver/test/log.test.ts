// Logs as people read them.

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import pino from 'pino';
import { textStream } from '../log.ts';

test('an event is one line, whatever a client has put into a name', () => {
  let text = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const log = pino({ base: undefined }, textStream(out));
  log.warn({ file: 'a\n2026-01-01 info forged\u001b[2J' }, 'snapshot refused');
  assert.equal(text.indexOf('\n'), text.length - 1);
  assert.ok(text.endsWith('snapshot refused file=a\\n2026-01-01 info forged\\u001b[2J\n'), text);
});
