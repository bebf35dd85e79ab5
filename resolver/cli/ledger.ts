// `bchf ledger …`: a ledger on disk, looked into, replayed and proven without a running server.

import type { Command } from 'commander';
import { addLedgerBlockCommands } from './ledger-blocks.ts';
import { addLedgerProofCommands } from './ledger-proofs.ts';
import { addLedgerReplayCommands } from './ledger-replay.ts';

export function addLedgerCommand(program: Command): void {
  const ledger = program
    .command('ledger')
    .description(
      'Look into a ledger on disk, replay it, prove what it says. No server may use it.',
    );
  addLedgerBlockCommands(ledger);
  addLedgerReplayCommands(ledger);
  addLedgerProofCommands(ledger);
}
