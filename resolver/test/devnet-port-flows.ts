// Figure 12 on a devnet: numbers move between operators, on and on, and home again.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TransactionBody } from '../../ledger/transaction-body.ts';
import { runBchf } from './bchf-process.ts';
import { key, type TestDevnet } from './test-devnet.ts';

const NUMBER = '99903555000';

function port(donor: number, recipient: number, digits = NUMBER): TransactionBody {
  return {
    kind: 'port',
    identity: 'msisdn',
    numbers: [key(digits)],
    donor: `member-${donor}`,
    recipient: `member-${recipient}`,
    route: `member-${recipient}-udm`,
  };
}

export function portFlows(devnet: TestDevnet): void {
  test('portability: a number moves, moves on, is led elsewhere, and goes home without a trace', async () => {
    const entries: [number, number, 'ported' | 'prefix'][] = [
      [3, 4, 'ported'],
      [4, 1, 'ported'],
      [1, 3, 'prefix'],
      [3, 1, 'ported'],
    ];
    for (const [donor, recipient, entry] of entries) {
      // Either of the two may hand it in.
      const height = await devnet.commit(donor, port(donor, recipient));
      await devnet.expectEverywhere(NUMBER, height, entry, `member-${recipient}-udm`);
    }
    const { route } = await devnet.answer(1, NUMBER);
    await devnet.commit(1, {
      kind: 'declare-routes',
      member: 'member-1',
      routes: [{ ...route, id: 'member-1-hlr', nfType: 'HLR' } as never],
    });
    const change: TransactionBody = {
      kind: 'change-route',
      member: 'member-1',
      identity: 'msisdn',
      route: 'member-1-hlr',
      prefixes: [],
      ranges: [],
      numbers: [key(NUMBER)],
    };
    const height = await devnet.commit(2, change);
    await devnet.expectEverywhere(NUMBER, height, 'ported', 'member-1-hlr');
    const home = await devnet.commit(3, port(1, 3));
    await devnet.expectEverywhere(NUMBER, home, 'prefix', 'member-3-udm');
  });

  test('a number of the pool is ported like any other, but not while it is free', async () => {
    assert.equal((await devnet.handIn(1, port(1, 2, '999000999999'))).code, 'BCHF_TX_IN_POOL');
    const taken: TransactionBody = {
      kind: 'allocate',
      member: 'member-2',
      identity: 'msisdn',
      ranges: [{ from: key('999000500000'), to: key('999000500009') }],
      route: 'member-2-udm',
    };
    await devnet.commit(2, taken);
    const away = await devnet.commit(2, port(2, 3, '999000500004'));
    await devnet.expectEverywhere('999000500004', away, 'ported', 'member-3-udm');
    const home = await devnet.commit(3, port(3, 2, '999000500004'));
    await devnet.expectEverywhere('999000500004', home, 'fragmented', 'member-2-udm');
  });

  test('who has not the number, or not both signatures, ports nothing', async () => {
    assert.equal((await devnet.handIn(4, port(4, 1))).code, 'BCHF_TX_NOT_OWNER');
    const client = await devnet.client(3);
    const body = port(3, 4);
    const thirdParty = devnet.keys.map((one) =>
      one.member === 'member-4'
        ? {
            ...one,
            privateKey: devnet.keys.find(({ member }) => member === 'member-2')!.privateKey,
          }
        : one,
    );
    const bytes = await client.sign(body, thirdParty);
    assert.equal((await devnet.handIn(3, bytes)).code, 'BCHF_TX_BAD_SIGNATURE');
    const foreign = { ...body, route: 'member-2-udm' } as TransactionBody;
    assert.equal((await devnet.handIn(3, foreign)).code, 'BCHF_TX_FOREIGN_ROUTE');
    const nowhere = { ...body, route: 'nowhere' } as TransactionBody;
    assert.equal((await devnet.handIn(3, nowhere)).code, 'BCHF_TX_UNKNOWN_ROUTE');
  });

  test('the command line signs for both parties, where it has both keys', async () => {
    const file = join(devnet.directory, 'port.json');
    writeFileSync(file, JSON.stringify({ ...port(3, 2), numbers: [NUMBER] }));
    const keyOf = (member: number) => join(devnet.directory, `member-${member}`, 'member.json');
    const submit = (...keys: string[]) =>
      runBchf(
        ...['tx', 'submit', file, '--json', '--key', ...keys],
        ...['--server', `http://127.0.0.1:${devnet.node(1).ports.ledger}`],
      );
    const [half, whole] = await Promise.all([submit(keyOf(3)), submit(keyOf(3), keyOf(2))]);
    assert.equal(half.code, 1);
    assert.match(half.stderr, /BCHF_TX_FILE_INVALID/);
    const { code, height } = JSON.parse(whole.stdout);
    assert.equal(code, 'OK');
    await devnet.expectEverywhere(NUMBER, height, 'ported', 'member-2-udm');
  });
}
