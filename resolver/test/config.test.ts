import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configure, environmentName, flagName, servingOptions, startOptions } from '../config.ts';

const nothing = { flags: {}, environment: {} };

test('without any source every option has its default and none counts as given', () => {
  const { values, given } = configure(startOptions, nothing);
  assert.equal(values.httpPort, 8080);
  assert.equal(values.udpPort, 5350);
  assert.equal(values.enumPort, 5300);
  assert.equal(values.adminPort, 8081);
  assert.equal(values.host, '127.0.0.1');
  assert.equal(values.ported, 1_000_000);
  assert.equal(given.size, 0);
});

test('a flag wins over the environment, that over the file, that over the default', () => {
  const file = { path: 'bchf.json', content: { httpPort: 1, udpPort: 1, enumPort: 1 } };
  const environment = { BCHF_HTTP_PORT: '2', BCHF_UDP_PORT: '2' };
  const { values, given } = configure(startOptions, {
    flags: { httpPort: '3' },
    environment,
    file,
  });
  assert.deepEqual(
    [values.httpPort, values.udpPort, values.enumPort, values.adminPort],
    [3, 2, 1, 8081],
  );
  assert.deepEqual([...given].sort(), ['enumPort', 'httpPort', 'udpPort']);
});

test('every problem is reported at once with the source of the value', () => {
  const file = { path: 'bchf.json', content: { adminPort: 70_000, port: 1 } };
  const flags = { httpPort: 'eighty', workers: '0', profile: '30' };
  const environment = { BCHF_UDP_PORT: '' };
  assert.throws(
    () => configure(startOptions, { flags, environment, file }),
    (error: Error & { code: string }) => {
      assert.equal(error.code, 'BCHF_CONFIG_INVALID');
      const expected = [
        '--http-port',
        '--workers',
        '--profile',
        'BCHF_UDP_PORT',
        'adminPort in bchf.json',
        '"port"',
      ];
      for (const origin of expected) assert.ok(error.message.includes(origin), origin);
      assert.equal(error.message.split('\n').length, expected.length);
      return true;
    },
  );
});

test('a configuration file that is no object is refused', () => {
  for (const content of [null, [], 'httpPort', 7]) {
    assert.throws(() => configure(servingOptions, { ...nothing, file: { path: 'x', content } }), {
      code: 'BCHF_CONFIG_INVALID',
    });
  }
});

test('a domain in upper case, with a final dot or with an empty label is no ENUM suffix', () => {
  for (const enumSuffix of ['E164.arpa', 'e164.arpa.', 'e164..arpa', '-a.b', 'a b']) {
    assert.throws(() => configure(servingOptions, { ...nothing, flags: { enumSuffix } }), {
      code: 'BCHF_CONFIG_INVALID',
    });
  }
});

test('names of options become flags and environment variables in one way', () => {
  assert.equal(flagName('indexMemoryMaxMib'), '--index-memory-max-mib');
  assert.equal(environmentName('indexMemoryMaxMib'), 'BCHF_INDEX_MEMORY_MAX_MIB');
});

test('only decimal digits and JSON numbers are whole numbers', () => {
  const texts = ['', ' ', ' 1', '1 ', '0x10', '1e3', '8080.0', '+1', '-0', 'Infinity', '١'];
  for (const workers of [...texts, true, null, [5], {}, 1.5, -1, Number.NaN]) {
    const file = { path: 'x', content: { workers } };
    assert.throws(
      () => configure(startOptions, { ...nothing, file }),
      { code: 'BCHF_CONFIG_INVALID' },
      JSON.stringify(workers),
    );
  }
  const content = { workers: 3, profile: '60' };
  const { values } = configure(startOptions, { ...nothing, file: { path: 'x', content } });
  assert.deepEqual([values.workers, values.profile], [3, 60]);
});

test('keys of a configuration file that JavaScript gives a meaning are unknown options', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const file = { path: 'x', content: JSON.parse(`{"${name}": {"httpPort": 1}}`) };
    assert.throws(() => configure(startOptions, { ...nothing, file }), {
      code: 'BCHF_CONFIG_INVALID',
    });
  }
});
