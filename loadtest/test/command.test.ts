import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { Command } from 'commander';
import type { PopulationFlags } from '../command.ts';
import { addLoadtestCommand } from '../command.ts';
import { formatMix, parseMix } from '../population-source.ts';
import { serveHttp, serveUdp, source } from './load-fixtures.ts';

afterEach(() => {
  process.exitCode = undefined;
});

/** Runs `bchf loadtest …` over the small population; the code is that of commander or the exit. */
async function run(...parameters: string[]) {
  let output = '';
  let told = '';
  let flags: PopulationFlags | undefined;
  const program = new Command('bchf');
  addLoadtestCommand(program, {
    write: (text) => {
      output += text;
    },
    tell: (text) => {
      told += text;
    },
    sourceOf(given) {
      flags = given;
      source.reset();
      return source;
    },
  });
  const quiet = (command: Command) => {
    command.exitOverride().configureOutput({
      writeOut: (text) => {
        output += text;
      },
      writeErr: (text) => {
        told += text;
      },
    });
    command.commands.forEach(quiet);
  };
  quiet(program);
  process.exitCode = 0;
  let code: number | string = 0;
  try {
    await program.parseAsync(['loadtest', ...parameters], { from: 'user' });
    code = process.exitCode ?? 0;
  } catch (error) {
    code = (error as { code: string }).code;
  }
  process.exitCode = 0;
  return { code, output, told, flags };
}

describe('bchf loadtest', () => {
  test('udp prints one JSON object, and exits with 0 where all is right', async () => {
    const server = await serveUdp();
    const { code, output, told } = await run(
      ...['udp', '--port', String(server.port), '--requests', '2000', '--batch', '50', '--json'],
    );
    await server.close();
    assert.equal(code, 0);
    assert.equal(told, '');
    const report = JSON.parse(output);
    assert.equal(report.protocol, 'udp');
    assert.equal(report.counts.answered, 2000);
  });

  test('udp exits with 3 for a wrong answer', async () => {
    const server = await serveUdp((_, response, bytes) => {
      response[33] = 0;
      return bytes;
    });
    const { code } = await run('udp', '--port', String(server.port), '--requests', '100');
    await server.close();
    assert.equal(code, 3);
  });

  test('http prints text, and exits with 0 where all is right', async () => {
    const server = await serveHttp();
    const common = ['http', '--port', String(server.port), '--requests', '100'];
    const closed = await run(...common, '--connections', '4');
    const open = await run(...common, '--rate', '1000');
    await server.close();
    assert.deepEqual([closed.code, open.code], [0, 0]);
    assert.match(closed.output, /^http load test/);
    assert.match(open.output, /1,000 lookups\/s/);
  });

  test('http exits with 4 where an answer is refused', async () => {
    const server = await serveHttp(() => ({ status: 503, body: '' }));
    const { code } = await run('http', '--port', String(server.port), '--requests', '16');
    await server.close();
    assert.equal(code, 4);
  });

  test('where nobody answers, the code goes to standard error, and the exit code is 4', async () => {
    const [web, batch] = [await serveHttp(), await serveUdp()];
    await Promise.all([web.close(), batch.close()]);
    for (const [kind, { port }] of [
      ['http', web],
      ['udp', batch],
    ] as const) {
      const common = [kind, '--port', String(port), '--requests', '20', '--timeout', '50'];
      for (const more of [[], ['--rate', '1000'], ['--json']]) {
        const { code, output, told } = await run(...common, ...more);
        assert.equal(code, 4, `${kind} ${more}`);
        assert.match(told, new RegExp(`^BCHF_LOADTEST_SILENCE: .*127.0.0.1 port ${port}`, 'm'));
        assert.match(output, /nothing answered/);
        assert.doesNotMatch(output, /bottleneck":true|was the bottleneck|did not keep/i);
      }
    }
  });

  test('the population options are those of `bchf start`, and can be given', async () => {
    const server = await serveUdp();
    const common = ['udp', '--port', String(server.port), '--requests', '100', '--json'];
    const defaults = (await run(...common)).flags!;
    assert.deepEqual(
      [defaults.ported, defaults.fragmented, defaults.profile, defaults.seed, defaults.identity],
      [1_000_000, 20_000, 25, 1, undefined],
    );
    const given = (
      await run(
        ...common,
        ...['--ported', '5', '--fragmented', '6', '--profile', '60', '--seed', '7'],
        ...['--identity', 'imsi', '--mix', 'prefix=1'],
      )
    ).flags!;
    await server.close();
    assert.deepEqual(
      [given.ported, given.fragmented, given.profile, given.seed, given.identity, given.mix],
      [5, 6, 60, 7, 'imsi', { prefix: 1 }],
    );
  });

  test('options outside their range are refused before anything is sent', async () => {
    const refused = [
      ['--port', '0'],
      ['--port', '65536'],
      ['--port', '1e3'],
      ['--duration', '0'],
      ['--duration', '86401'],
      ['--requests', '0'],
      ['--rate', '-1'],
      ['--connections', '1001'],
      ['--timeout', '0'],
      ['--identity', 'ip'],
      ['--profile', '30'],
      ['--seed', '4294967296'],
      ['--mix', 'other=1'],
      ['--batch', '129'],
      ['--in-flight', '1025'],
    ];
    for (const parameters of refused) {
      const { code, flags } = await run('udp', ...parameters);
      assert.equal(code, 'commander.invalidArgument', parameters.join(' '));
      assert.equal(flags, undefined);
    }
    assert.equal((await run('http', '--pipelining', '129')).code, 'commander.invalidArgument');
  });

  test('options of a closed loop are refused with a rate', async () => {
    for (const closed of [
      ['udp', '--in-flight', '8'],
      ['http', '--pipelining', '2'],
    ]) {
      const { code, flags } = await run(...closed, '--rate', '100');
      assert.equal(code, 'commander.conflictingOption');
      assert.equal(flags, undefined);
    }
  });

  test('an address that does not exist ends with code 1', async () => {
    const { code, told } = await run('udp', '--host', 'no-such-host.invalid', '--requests', '1');
    assert.equal(code, 1);
    assert.match(told, /^BCHF_LOADTEST_HOST: /m);
  });

  test('--help tells options, examples and exit codes', async () => {
    for (const kind of ['http', 'udp']) {
      const { output } = await run(kind, '--help');
      for (const part of ['--rate', '--mix', 'ported=40', 'Exit codes', 'Examples']) {
        assert.ok(output.includes(part), `${kind}: ${part}`);
      }
    }
  });
});

describe('a mix', () => {
  test('is read and written', () => {
    assert.deepEqual(parseMix('ported=40, miss=0.5'), { ported: 40, miss: 0.5 });
    assert.equal(formatMix({ ported: 40, miss: 0.5 }), 'ported=40,miss=0.5');
  });

  test('that is none is refused', () => {
    for (const text of ['', 'ported', 'ported=', 'ported=-1', 'ported=0', 'x=1', 'ported=1=2']) {
      assert.equal(parseMix(text), undefined, text);
    }
    assert.equal(parseMix('ported=1,ported=2'), undefined);
  });
});
