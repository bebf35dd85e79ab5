import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createPacketMemory, setCarrier } from '../../../wasm/packet-module.ts';
import { exampleRoute } from '../../test/example-route.ts';
import { carrierOf, NO_CARRIER_SETTINGS, readCarrierSettings } from '../carriers.ts';

const directory = mkdtempSync(join(tmpdir(), 'bchf-carriers-'));
after(() => rmSync(directory, { recursive: true }));

function fileOf(text: string): string {
  const path = join(directory, 'carriers.json');
  writeFileSync(path, text);
  return path;
}

describe('carrier ids', () => {
  const route = exampleRoute('a');

  test('come from the place in the route table, as far as 15 bits go', () => {
    assert.equal(carrierOf(NO_CARRIER_SETTINGS, 0, route), 1);
    assert.equal(carrierOf(NO_CARRIER_SETTINGS, 32_766, route), 32_767);
    assert.equal(carrierOf(NO_CARRIER_SETTINGS, 32_767, route), 0);
  });

  test('are those that are configured for the route, or else for its member', () => {
    const settings = readCarrierSettings(
      fileOf(JSON.stringify({ routes: { a: 7 }, members: { [route.member]: 8 } })),
    );
    assert.equal(carrierOf(settings, 0, route), 7);
    assert.equal(carrierOf(settings, 1, { ...route, id: 'constructor' }), 8);
    assert.equal(carrierOf(settings, 1, { ...route, id: 'b', member: 'toString' }), 2);
  });

  test('are refused by code where the file is none of carriers', () => {
    for (const text of [
      '',
      '[]',
      '{"routes":{"a":32768}}',
      '{"routes":{"a b":1}}',
      '{"more":{}}',
    ]) {
      assert.throws(() => readCarrierSettings(fileOf(text)), { code: 'BCHF_CONFIG_INVALID' });
    }
    assert.throws(() => readCarrierSettings(join(directory, 'none')), {
      code: 'BCHF_CONFIG_INVALID',
    });
  });

  test('stay within the memory that threads read them from', () => {
    const memory = createPacketMemory(1);
    setCarrier(memory, (1 << 20) - 1, 32_767);
    assert.throws(() => setCarrier(memory, 1 << 20, 1), RangeError);
    assert.throws(() => setCarrier(memory, 0, 32_768), RangeError);
    assert.throws(() => setCarrier(memory, 0, -1), RangeError);
  });
});
