// Talks to the ledger port of a node: signs transactions, hands them in, waits for their blocks.

import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { privateKeyOf, rawPublicKey } from '../ledger/ed25519.ts';
import { PROPOSALS } from '../ledger/engine/admission.ts';
import type { TransactionStatus } from '../ledger/sync/transaction-exchange.ts';
import { newKeyOf, signersOf, type TransactionBody } from '../ledger/transaction-body.ts';
import { signTransaction } from '../ledger/transaction-codec.ts';
import { ResolverError } from './resolver-error.ts';

const TIMEOUT_MS = 5_000;
const POLL_MS = 20;

const keySchema = z.strictObject({
  member: z.string(),
  seed: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A signer's name on the ledger and its private key. */
export interface MemberKey {
  member: string;
  privateKey: KeyObject;
}

/** Reads {"member": "<id>", "seed": "<64 hex digits>"}. Error: BCHF_TX_FILE_INVALID. */
export async function readMemberKey(path: string): Promise<MemberKey> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new ResolverError('BCHF_TX_FILE_INVALID', `cannot read ${path}: ${cause.message}`, {
      cause,
    });
  });
  try {
    const { member, seed } = keySchema.parse(JSON.parse(text));
    return { member, privateKey: privateKeyOf(Buffer.from(seed, 'hex')) };
  } catch (cause) {
    throw new ResolverError('BCHF_TX_FILE_INVALID', `${path} holds no member's key`, { cause });
  }
}

/** What is read of a node's status. */
export interface NodeStatus {
  chainId: string;
  height: number;
  appHash: string;
  peers: string[];
}

export class NodeClient {
  readonly #server: string;

  /** `server` is the URL of a node's ledger port. */
  constructor(server: string) {
    this.#server = server;
  }

  /** Error: BCHF_SERVER_UNREACHABLE, also where another server answers than a node at its ledger port. */
  async status(): Promise<NodeStatus> {
    const { status, body } = await this.#ask('status');
    if (status === 200 && typeof (body as NodeStatus | null)?.chainId === 'string')
      return body as NodeStatus;
    const message = `${this.#server} is not the ledger port of a node`;
    throw new ResolverError('BCHF_SERVER_UNREACHABLE', message);
  }

  /** The file of a proof about a number (`msisdn-…`, `imsi-…`), or of the `state`. */
  async proof(name: string): Promise<string> {
    const { status, text } = await this.#read(`proofs/${name}`);
    if (status === 200) return text;
    throw new ResolverError('BCHF_SERVER_UNREACHABLE', `${this.#server} gives no proof: ${text}`);
  }

  /**
   * Signs a body with the keys of all its signers, and with the key that it brings in, and the next
   * sequence of the first, unless one is given. Errors: BCHF_TX_FILE_INVALID where a key is missing;
   * BCHF_SERVER_UNREACHABLE.
   */
  async sign(
    body: TransactionBody,
    keys: readonly MemberKey[],
    sequence?: number,
  ): Promise<Uint8Array> {
    const signers = signersOf(body);
    const newKey = newKeyOf(body);
    const isNew = ({ privateKey }: MemberKey): boolean =>
      newKey !== undefined && Buffer.compare(rawPublicKey(privateKey), newKey) === 0;
    const find = (what: string, fits: (key: MemberKey) => boolean): KeyObject => {
      const key = keys.find(fits);
      if (key) return key.privateKey;
      throw new ResolverError('BCHF_TX_FILE_INVALID', `${what} is missing`);
    };
    const privateKeys = signers.map((signer) =>
      find(`the key of ${signer}`, (key) => key.member === signer && !isNew(key)),
    );
    if (newKey) privateKeys.push(find('the private half of the new key', isNew));
    const { chainId } = await this.status();
    // What members decide together has a sequence of its own.
    const counted = 'approvers' in body ? PROPOSALS : (signers[0] as string);
    const next = sequence ?? (await this.#lastSequence(counted)) + 1;
    return signTransaction(body, next, chainId, privateKeys);
  }

  /** What the ledger says at a path, as `members/member-1`; `undefined` where there is nothing. */
  async read<T>(path: string): Promise<T | undefined> {
    const { status, body } = await this.#ask(path);
    if (status === 200) return body as T;
    if (status === 404) return undefined;
    const { detail } = body as { detail?: string };
    throw new ResolverError('BCHF_INPUT_INVALID', detail ?? `status ${status}`);
  }

  /**
   * Hands a transaction in; gives its id, and a code where the node does not take it. Error:
   * BCHF_TX_NOT_COMMITTED where the node gives neither.
   */
  async handIn(transaction: Uint8Array): Promise<{ id: string; code?: string }> {
    const { status, body } = await this.#ask('transactions', transaction);
    const { id, code } = body as { id?: string; code?: string };
    if (status === 202 && id) return { id };
    if (status === 422 && id && code) return { id, code };
    throw new ResolverError('BCHF_TX_NOT_COMMITTED', `the node answers with status ${status}`);
  }

  /** {@link handIn} of what the node must take. Error: BCHF_TX_NOT_COMMITTED with the node's code. */
  async submit(transaction: Uint8Array): Promise<string> {
    const { id, code } = await this.handIn(transaction);
    if (code) throw new ResolverError('BCHF_TX_NOT_COMMITTED', `${id}: ${code}`);
    return id;
  }

  /** Waits until a transaction stands in a block. Error: BCHF_TX_NOT_COMMITTED. */
  async committed(
    id: string,
    timeoutMs: number,
  ): Promise<Extract<TransactionStatus, { status: 'committed' }>> {
    const untilMs = Date.now() + timeoutMs;
    for (;;) {
      const found = (await this.#ask(`transactions/${id}`)).body as TransactionStatus;
      if (found.status === 'committed') return found;
      if (found.status === 'expired' || Date.now() >= untilMs) {
        throw new ResolverError('BCHF_TX_NOT_COMMITTED', `${id}: ${found.status}`);
      }
      await sleep(POLL_MS);
    }
  }

  async #lastSequence(member: string): Promise<number> {
    const { status, body } = await this.#ask(`members/${encodeURIComponent(member)}`);
    if (status === 200) return (body as { lastSequence: number }).lastSequence;
    throw new ResolverError('BCHF_TX_FILE_INVALID', `${member} is not a member of the chain`);
  }

  async #ask(path: string, post?: Uint8Array): Promise<{ status: number; body: unknown }> {
    const { status, text, url } = await this.#read(path, post);
    try {
      return { status, body: JSON.parse(text) };
    } catch (cause) {
      throw new ResolverError('BCHF_SERVER_UNREACHABLE', `${url} answers no JSON`, { cause });
    }
  }

  async #read(
    path: string,
    post?: Uint8Array,
  ): Promise<{ status: number; text: string; url: URL }> {
    let url: URL;
    try {
      url = new URL(`/ledger/v1/${path}`, this.#server);
    } catch (cause) {
      throw new ResolverError('BCHF_CONFIG_INVALID', `${this.#server} is not a URL`, { cause });
    }
    try {
      const response = await fetch(url, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(post && { method: 'POST', body: Buffer.from(post) }),
      });
      return { status: response.status, text: await response.text(), url };
    } catch (cause) {
      const reason =
        ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message;
      const message = `${url} does not answer: ${reason}`;
      throw new ResolverError('BCHF_SERVER_UNREACHABLE', message, { cause });
    }
  }
}
