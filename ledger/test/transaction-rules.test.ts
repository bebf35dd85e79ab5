// What is asked of every transaction, whatever its kind: syntax, order, signatures, sequence, time.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ITEMS_MAX } from '../transaction-body.ts';
import { TRANSACTION_CODES } from '../transaction-code.ts';
import { SEQUENCE_GAP_MAX, signTransaction, TRANSACTION_BYTES_MAX } from '../transaction-codec.ts';
import {
  allocate,
  assign,
  chainWithPool,
  changeRoute,
  declare,
  identity,
  inject,
  port,
  range,
} from './bodies.ts';
import { chainId, key, keyOf, member, route, TestChain } from './consortium.ts';
import { type Refusal, testRefusals } from './refusals.ts';

const refused: Refusal[] = [
  ['BCHF_TX_TOO_LARGE', 'bytes', new Uint8Array(TRANSACTION_BYTES_MAX + 1)],
  ['BCHF_TX_MALFORMED', 'no transaction', Uint8Array.of(1, 2, 3)],
  ['BCHF_TX_MALFORMED', 'no items', port('a', 'b', [])],
  ['BCHF_TX_MALFORMED', 'no ranges', inject('a')],
  ['BCHF_TX_MALFORMED', 'no routes', declare('a')],
  ['BCHF_TX_MALFORMED', 'no assignments', assign()],
  ['BCHF_TX_MALFORMED', 'an id of a space', port('a', 'b', ['8610000'], ' ')],
  ['BCHF_TX_MALFORMED', 'a route twice', declare('a', route('x', 'a'), route('x', 'a'))],
  ['BCHF_TX_MALFORMED', 'a route to nowhere', declare('a', route('x', 'a', { fqdn: 'no name' }))],
  ['BCHF_TX_MALFORMED', 'a port of 0', declare('a', route('x', 'a', { port: 0 }))],
  [
    'BCHF_TX_MALFORMED',
    'a member without a name',
    { kind: 'admit-members', members: [{ ...member('d'), name: '' }] },
  ],
  [
    'BCHF_TX_MALFORMED',
    'a member twice',
    { kind: 'admit-members', members: [member('d'), member('d')] },
  ],
  [
    'BCHF_TX_TOO_MANY_ITEMS',
    'prefixes in all',
    {
      kind: 'assign-prefixes',
      identity,
      assignments: ['a1', 'b1'].map((by, half) => ({
        route: by,
        prefixes: Array.from(
          { length: ITEMS_MAX / 2 + 1 },
          (_, index) => key(`${half + 1}00000`) + index,
        ),
      })),
    },
  ],
  ['BCHF_TX_MALFORMED_NUMBER', 'no number key', { ...port('a', 'b', []), numbers: [2_345] }],
  ['BCHF_TX_MALFORMED_NUMBER', 'a key of 0', { ...port('a', 'b', []), numbers: [0] }],
  ['BCHF_TX_MALFORMED_NUMBER', 'two lengths', inject('a', range('8610000', '86199999'))],
  ['BCHF_TX_NOT_ASCENDING', 'numbers', port('a', 'b', ['8610001', '8610000'])],
  ['BCHF_TX_NOT_ASCENDING', 'a number twice', port('a', 'b', ['8610001', '8610001'])],
  ['BCHF_TX_NOT_ASCENDING', 'a range', inject('a', range('8610009', '8610000'))],
  [
    'BCHF_TX_NOT_ASCENDING',
    'ranges',
    inject('a', range('8610100', '8610199'), range('8610000', '8610099')),
  ],
  [
    'BCHF_TX_OVERLAPPING_RANGES',
    'ranges',
    inject('a', range('8610000', '8610100'), range('8610100', '8610199')),
  ],
  [
    'BCHF_TX_OVERLAPPING_RANGES',
    'a prefix twice',
    assign({ route: 'a1', prefixes: ['87'] }, { route: 'b1', prefixes: ['87'] }),
  ],
  [
    'BCHF_TX_REPLAYED',
    'an old sequence',
    signTransaction(inject('a', range('8610000', '8610009')), 1, chainId, [keyOf('a')]),
  ],
  [
    'BCHF_TX_BAD_SIGNATURE',
    'the first signer',
    signTransaction(port('a', 'b', ['8610000']), 1_000, chainId, [keyOf('c'), keyOf('b')]),
  ],
  [
    'BCHF_TX_BAD_SIGNATURE',
    'the second signer',
    signTransaction(port('a', 'b', ['8610000']), 1_000, chainId, [keyOf('a'), keyOf('c')]),
  ],
  [
    'BCHF_TX_BAD_SIGNATURE',
    'another chain',
    signTransaction(inject('a', range('8610000', '8610009')), 1_000, 'other', [keyOf('a')]),
  ],
  [
    'BCHF_TX_BAD_SIGNATURE',
    'a member in place of the authority',
    signTransaction({ kind: 'admit-members', members: [member('d')] }, 1_000, chainId, [
      keyOf('a'),
    ]),
  ],
  [
    'BCHF_TX_STALE',
    'one millisecond',
    signTransaction(
      inject('a', range('8610000', '8610009')),
      1_000,
      chainId,
      [keyOf('a')],
      1_799_999_999_999,
    ),
  ],
  ['BCHF_TX_MALFORMED', 'nothing to lead elsewhere', changeRoute('a', 'a2', {})],
  [
    'BCHF_TX_TOO_MANY_ITEMS',
    'prefixes and numbers to lead elsewhere',
    changeRoute('a', 'a2', {
      prefixes: Array.from({ length: ITEMS_MAX / 2 + 1 }, (_, index) => key('1000000') + index),
      numbers: Array.from({ length: ITEMS_MAX / 2 }, (_, index) => key('1000000') + index),
    }),
  ],
];

describe('a refused transaction', () => {
  testRefusals(chainWithPool(), refused);

  it('is tested for every code', () => {
    // Each code that a test expects stands in its source; those behind a limit have tests of their own.
    const folder = new URL('../../../ledger/test/', import.meta.url);
    const sources = (existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
      .join('');
    const untested = TRANSACTION_CODES.filter((code) => !sources.includes(`'${code}'`));
    assert.deepEqual(untested, []);
  });

  it('uses up its sequence: it cannot be handed in again when it would hold', () => {
    const chain = chainWithPool();
    const taken = signTransaction(allocate('b', 'b1', range('8611000', '8611004')), 500, chainId, [
      keyOf('b'),
    ]);
    const released = {
      kind: 'release' as const,
      member: 'c',
      identity,
      ranges: [range('8611000', '8611004')],
    };
    assert.deepEqual(chain.block([taken, released, taken]).codes, [
      'BCHF_TX_NOT_FREE',
      'OK',
      'BCHF_TX_REPLAYED',
    ]);
    const items = chain.signer.sign({
      kind: 'change-parameters',
      parameters: { itemsMax: 1, numbersMax: 1_000, periodMsMin: 1, purchaser: '' },
      approvers: ['a', 'b', 'c'],
    });
    const two = signTransaction(port('a', 'b', ['8610001', '8610002']), 900, chainId, [
      keyOf('a'),
      keyOf('b'),
    ]);
    assert.deepEqual(chain.block([items, two, two]).codes, [
      'OK',
      'BCHF_TX_TOO_MANY_ITEMS',
      'BCHF_TX_REPLAYED',
    ]);
  });

  it('is one far ahead: nobody uses up all sequences that a member has', () => {
    const chain = TestChain.founded();
    const own = (sequence: number) =>
      signTransaction(declare('a', route('a1', 'a')), sequence, chainId, [keyOf('a')]);
    const last = chain.state.lastSequence(chain.state.memberNumber('a')!);
    assert.deepEqual(
      chain.block([
        own(Number.MAX_SAFE_INTEGER),
        own(last + SEQUENCE_GAP_MAX + 1),
        own(last + SEQUENCE_GAP_MAX),
      ]).codes,
      ['BCHF_TX_SEQUENCE_GAP', 'BCHF_TX_SEQUENCE_GAP', 'OK'],
    );
  });

  it('uses nothing up where not all of its signers have signed it', () => {
    const chain = TestChain.founded();
    const body = port('a', 'b', ['8610000']);
    const [forged, signed] = ['c', 'b'].map((second) =>
      signTransaction(body, 500, chainId, [keyOf('a'), keyOf(second)]),
    );
    assert.deepEqual(chain.block([forged!, signed!, signed!]).codes, [
      'BCHF_TX_BAD_SIGNATURE',
      'OK',
      'BCHF_TX_REPLAYED',
    ]);
  });
});

describe('a transaction', () => {
  it('counts up to the last millisecond of its time', () => {
    const chain = TestChain.founded();
    const body = inject('a', range('8611000', '8611099'));
    const bytes = signTransaction(body, 1_000, chainId, [keyOf('a')], chain.timeMs);
    assert.equal(chain.try(bytes), 'OK');
  });
});
