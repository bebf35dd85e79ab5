// `--udp-cpus`: UDP threads run where they are told to, and anywhere where that cannot be.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { PortedSpace } from '../../test/interop/ported-space.ts';
import { serveSpace } from '../../test/interop/serve-space.ts';
import { openBatchClient } from '../batch-client.ts';
import { isMmsgSupported } from '../mmsg-transport.ts';

/** The CPUs that threads of a process may run on, such as `0-1`, a thread a line. */
function allowedCpus(pid: number | 'self'): string[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1');
    return /^Cpus_allowed_list:\s*(\S+)/m.exec(status)![1]!;
  });
}

const space = new PortedSpace({ prefix: '35840', suffixDigits: 3, oneIn: 2, routes: 2, seed: 1 });

async function withServer(flags: string[], use: (pid: number) => void): Promise<void> {
  const server = await serveSpace(space, flags);
  try {
    const client = await openBatchClient({ host: server.host, port: server.ports.batch });
    const { answers } = await client.lookup('msisdn', [Number(`1${space.digitsOf(0)}`)]);
    await client.close();
    assert.equal(answers.length, 1);
    use(server.pid);
  } finally {
    await server.stop();
  }
}

const own = isMmsgSupported() ? allowedCpus('self')[0]! : '';
const [, first, last] = /^(\d+)(?:.*?(\d+))?$/.exec(own) ?? [];
const skip = last === undefined && 'needs Linux and two CPUs';

describe('udp-cpus', { skip }, () => {
  test('bind one UDP thread after the other, and not the main thread', async () => {
    await withServer(['--udp-workers', '2', '--udp-cpus', `${last},${first}`], (pid) => {
      const allowed = allowedCpus(pid);
      assert.ok(allowed.includes(first!) && allowed.includes(last!), allowed.join(' '));
      assert.equal(allowed[0], own, 'the main thread runs anywhere');
    });
  });

  test('that the machine does not have leave a thread where it may run', async () => {
    await withServer(['--udp-cpus', '999'], (pid) => {
      assert.ok(allowedCpus(pid).every((one) => one === own));
    });
  });
});
