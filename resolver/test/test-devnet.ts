// A devnet of several processes for tests: transactions are handed in at one member's node, and the
// resolvers of the others are asked over HTTP and over UDP.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { EntryKind } from '../../ledger/entry.ts';
import { type Identity, type NumberKey, parseDigits } from '../../ledger/number.ts';
import type { KeyRange, TransactionBody } from '../../ledger/transaction-body.ts';
import type { RoutingInfo } from '../http/schemas.ts';
import type { MemberKey, NodeClient } from '../node-client.ts';
import { prepareDevnet, readDevnetKeys } from '../node-devnet.ts';
import { type DevnetNode, type RunningDevnet, startDevnet } from '../node-devnet-processes.ts';
import { openBatchClient } from '../udp/batch-client.ts';

const COMMAND = fileURLToPath(new URL('./bchf-command.js', import.meta.url));
const WAIT_MS = 60_000;

/** What became of a transaction. */
export interface Outcome {
  id: string;
  code: string;
  /** Where it stands in a block. */
  height?: number;
}

export const key = (digits: string): NumberKey => parseDigits(digits)!;
export const range = (from: string, to = from): KeyRange => ({ from: key(from), to: key(to) });

export class TestDevnet {
  readonly directory = mkdtempSync(join(tmpdir(), 'bchf-devnet-'));
  readonly logs: string[] = [];
  readonly failures: Error[] = [];
  /** Those of the authority and of the members; tests add those of others. */
  keys: MemberKey[] = [];
  #running: RunningDevnet | undefined;
  /** That of the newest block that a test knows of. */
  #height = 0;

  async start(members: number): Promise<void> {
    const devnet = await prepareDevnet({ directory: this.directory, members, blockTimeMs: 50 });
    this.keys = await readDevnetKeys(devnet);
    this.#running = await startDevnet(devnet, {
      command: COMMAND,
      onLog: (member, line) => this.logs.push(`${member} ${line}`),
      onFailure: (error) => this.failures.push(error),
    }).catch((cause) => {
      throw new Error(`the devnet does not start: ${this.logs.join('\n')}`, { cause });
    });
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    rmSync(this.directory, { recursive: true });
    assert.deepEqual(this.failures, []);
  }

  get running(): RunningDevnet {
    return this.#running!;
  }

  /** The node of member 1, 2 and so on. */
  node(member: number): DevnetNode {
    return this.running.nodes[member - 1]!;
  }

  /** Hands a transaction in at a member's node; where that takes it, waits for its block. */
  async handIn(member: number, transaction: TransactionBody | Uint8Array): Promise<Outcome> {
    // What this node says of sequences, money and free numbers is to be of now.
    const client = await this.client(member);
    const bytes =
      transaction instanceof Uint8Array ? transaction : await client.sign(transaction, this.keys);
    const { id, code } = await client.handIn(bytes);
    if (code) return { id, code };
    const committed = await client.committed(id, WAIT_MS);
    this.#height = Math.max(this.#height, committed.height);
    return { id, ...committed };
  }

  /** To a member's node, once it has the newest block that a test knows of. */
  async client(member: number): Promise<NodeClient> {
    const { client, id } = this.node(member);
    for (const untilMs = Date.now() + WAIT_MS; Date.now() < untilMs; await sleep(20)) {
      if ((await client.status()).height >= this.#height) return client;
    }
    assert.fail(`${id} does not come to height ${this.#height}`);
  }

  /** Hands in what must be accepted; gives the height of its block. */
  async commit(member: number, body: TransactionBody): Promise<number> {
    const { code, height } = await this.handIn(member, body);
    assert.equal(code, 'OK', body.kind);
    return height!;
  }

  /** The answer of a member's resolver over HTTP, once it is at least at a height. */
  async answer(
    member: number,
    digits: string,
    height = 0,
    identity: Identity = 'msisdn',
  ): Promise<RoutingInfo> {
    const { ports, id } = this.node(member);
    const url = `http://127.0.0.1:${ports.http}/nbchf-routing/v1/routing-info/${identity}-${digits}`;
    for (const untilMs = Date.now() + WAIT_MS; Date.now() < untilMs; await sleep(20)) {
      const response = await fetch(url, { headers: { connection: 'close' } });
      const body = (await response.json()) as RoutingInfo;
      if (body.ledger && body.ledger.height >= height) return body;
    }
    assert.fail(`${id} does not come to height ${height}: ${this.logs.slice(-20).join('\n')}`);
  }

  /** Every resolver answers so from a height on, over HTTP and over UDP. */
  async expectEverywhere(
    digits: string,
    height: number,
    entry: EntryKind,
    route: string,
  ): Promise<void> {
    await Promise.all(
      this.running.nodes.map(async ({ id, ports }, at) => {
        const told = await this.answer(at + 1, digits, height);
        assert.deepEqual([told.match.entry, told.route.id], [entry, route], `${digits} at ${id}`);
        const client = await openBatchClient({ host: '127.0.0.1', port: ports.batch });
        const { answers } = await client.lookup('msisdn', [key(digits)]);
        const [answer] = answers;
        assert.equal(answer!.status === 'found' && answer!.entry, entry, `${digits} at ${id}`);
        const { routeNumber } = answer as { routeNumber: number };
        assert.equal((await client.route(routeNumber)).route?.id, route, `${digits} at ${id}`);
        await client.close();
      }),
    );
  }

  /** What each member has, as a node tells it. */
  async balances(at: number, members: readonly number[]): Promise<number[]> {
    const client = await this.client(at);
    const asked = members.map((member) =>
      client.read<{ balance: number }>(`members/member-${member}`),
    );
    return (await Promise.all(asked)).map((told) => told!.balance);
  }
}
