// The process that crash.test kills: commits blocks of ports without end and tells its parent each
// height once `commit` has returned.

import { openLedger } from '../ledger.ts';
import { AUTHORITY, signersOf, type TransactionBody } from '../transaction-body.ts';
import { signTransaction } from '../transaction-codec.ts';
import { authorityPublicKey, chainId, foundation, key, keyOf } from './consortium.ts';

const NUMBERS_PER_BLOCK = 500;

const ledger = await openLedger({
  directory: process.argv[2]!,
  chainId,
  authorityPublicKey,
  settings: {},
  now: Date.now,
});
let sequence = Math.max(...[AUTHORITY, 'a', 'b', 'c'].map((id) => ledger.lastSequence(id)));
const sign = (body: TransactionBody): Uint8Array =>
  signTransaction(body, ++sequence, chainId, signersOf(body).map(keyOf));

if (ledger.tip.height === 0) {
  await ledger.commit(foundation.map(sign));
  process.send!(ledger.tip.height);
}
for (;;) {
  // The same numbers go from a to c at even heights and home at odd ones.
  const isHome = ledger.tip.height % 2 === 1;
  const [donor, recipient] = isHome ? ['a', 'c'] : ['c', 'a'];
  const numbers = Array.from({ length: NUMBERS_PER_BLOCK }, (_, at) => key('86100000') + at * 37);
  const body: TransactionBody = {
    kind: 'port',
    identity: 'msisdn',
    numbers,
    donor: donor!,
    recipient: recipient!,
    route: `${recipient}1`,
  };
  const { results, height } = await ledger.commit([sign(body)]);
  if (results[0]!.code !== 'OK') throw new Error(results[0]!.code);
  process.send!(height);
}
