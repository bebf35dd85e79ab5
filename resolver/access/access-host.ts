// Access in the main thread: reads the rules and reads them again when they change, has credentials
// checked against the ledger's keys, and writes the audit log.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { flagName, type ServingConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { ResolverError } from '../resolver-error.ts';
import { ReplayWindow } from '../udp/replay-window.ts';
import { lookRegularly, WatchedFile } from '../watched-file.ts';
import type { AccessEvent, AccessRequest, AccessStart, PublishedRules } from './access-messages.ts';
import { readRules } from './access-rules.ts';
import { AuditFile } from './audit-file.ts';
import { CredentialVerifier, type TerminalKeyOf } from './credential-verifier.ts';
import { QuotaTable } from './quota-table.ts';

const SECRET_BYTES = 32;
const AUDIT_KEY_BYTES_MIN = 16;

export type AccessConfig = Pick<
  ServingConfig,
  | 'accessRules'
  | 'httpTokenPolicy'
  | 'credentialWindowMs'
  | 'credentialMemory'
  | 'credentialWorkers'
  | 'auditLog'
  | 'auditNumbers'
  | 'auditKey'
  | 'auditMaxMib'
>;

export class AccessHost {
  readonly #log: Log;
  readonly #rulesFile: WatchedFile<unknown> | undefined;
  readonly #verifier: CredentialVerifier | undefined;
  readonly #auditFile: AuditFile | undefined;
  readonly #start: Omit<AccessStart, 'rules'>;
  #rules: PublishedRules | undefined;
  #stopLooking: (() => void) | undefined;
  readonly #onHangUp = () => {
    this.#auditFile?.reopen();
  };

  private constructor(
    config: AccessConfig,
    log: Log,
    keyOf: TerminalKeyOf | undefined,
    opened: {
      rulesFile: WatchedFile<unknown> | undefined;
      auditFile: AuditFile | undefined;
      auditKey: Uint8Array;
    },
  ) {
    const { credentialWindowMs: windowMs, credentialMemory: countMax, auditNumbers } = config;
    this.#log = log;
    this.#rulesFile = opened.rulesFile;
    this.#auditFile = opened.auditFile;
    this.#verifier = keyOf && new CredentialVerifier(keyOf, config.credentialWorkers);
    this.#rules = this.#rulesFile && publish(this.#rulesFile.value);
    this.#start = {
      httpTokenPolicy: config.httpTokenPolicy,
      credentials: {
        // Without rules nobody's credential is looked at.
        used: new ReplayWindow(windowMs, opened.rulesFile ? countMax : 1).buffer,
        countMax: opened.rulesFile ? countMax : 1,
        windowMs,
        secret: randomBytes(SECRET_BYTES),
        hasKeys: keyOf !== undefined,
      },
      audit: opened.auditFile && { style: auditNumbers, key: opened.auditKey },
    };
    if (opened.auditFile) process.on('SIGHUP', this.#onHangUp);
  }

  /**
   * `undefined` where no option asks for any of it. Throws BCHF_CONFIG_INVALID and BCHF_AUDIT_FAILED.
   *
   * @param keyOf the ledger's keys of terminals; `undefined` where no ledger is followed
   */
  static async open(
    config: AccessConfig,
    keyOf: TerminalKeyOf | undefined,
    log: Log,
  ): Promise<AccessHost | undefined> {
    const { accessRules, auditLog, httpTokenPolicy, auditMaxMib } = config;
    if (accessRules === '' && auditLog === '' && httpTokenPolicy === 'off') return undefined;
    const rulesFile = await readAccessRules(config);
    const isSubjectNamed =
      rulesFile !== undefined && readRules(rulesFile.value).rules.some(({ subjects }) => subjects);
    if (isSubjectNamed && httpTokenPolicy === 'off') {
      const flag = flagName('httpTokenPolicy');
      log.warn(
        { path: accessRules },
        `rules name subjects, which HTTP/1.1 knows only with ${flag}`,
      );
    }
    const auditKey = await readAuditKey(config);
    const auditFile =
      auditLog === '' ? undefined : await AuditFile.open(auditLog, auditMaxMib * 2 ** 20, log);
    return new AccessHost(config, log, keyOf, { rulesFile, auditFile, auditKey });
  }

  /** What a thread is started with now. */
  get start(): AccessStart {
    return { ...this.#start, rules: this.#rules };
  }

  /** Tells of other rules, until {@link close}. */
  watch(publishRequest: (request: AccessRequest) => void): void {
    const file = this.#rulesFile;
    if (!file) return;
    const { path } = file;
    this.#stopLooking = lookRegularly(async () => {
      try {
        if (!(await file.look())) return;
        this.#rules = publish(file.value);
        publishRequest({ type: 'rules', rules: this.#rules });
        this.#log.info({ path }, 'rules of access read again');
      } catch (err) {
        this.#log.error({ path, err }, 'rules of access stay as they were');
      }
    });
  }

  /** Does what a thread asks for. */
  async onEvent(event: AccessEvent, reply: (request: AccessRequest) => void): Promise<void> {
    if (event.type === 'credentials-wanted') {
      const { batch, credentials } = event;
      const verdicts = (await this.#verifier?.verify(credentials)) ?? new Uint8Array(0);
      reply({ type: 'credentials-checked', batch, verdicts });
    } else {
      const isWritten = (await this.#auditFile?.write(event.lines)) ?? false;
      reply({ type: 'audit-taken', lostCount: isWritten ? 0 : event.lineCount });
    }
  }

  /** To be called when the threads have ended: what they have sent is written first. */
  async close(): Promise<void> {
    this.#stopLooking?.();
    process.off('SIGHUP', this.#onHangUp);
    await this.#verifier?.close();
    await this.#auditFile?.close();
  }
}

/** The file of rules; `undefined` where there is none. Throws BCHF_CONFIG_INVALID. */
export async function readAccessRules({
  accessRules,
}: Pick<AccessConfig, 'accessRules'>): Promise<WatchedFile<unknown> | undefined> {
  return accessRules === '' ? undefined : WatchedFile.open(accessRules, parseRules);
}

/** YAML, and so JSON too; refused where it makes no rules. */
function parseRules(text: string): unknown {
  const content: unknown = parseYaml(text, { maxAliasCount: 0 });
  readRules(content);
  return content;
}

function publish(content: unknown): PublishedRules {
  // Buckets of other limits would mean something else: with new rules all quotas are full.
  return { content, quotas: new QuotaTable(readRules(content).buckets).buffer };
}

/** Without a file, a key that ends with the process. */
async function readAuditKey({ auditKey: path }: AccessConfig): Promise<Uint8Array> {
  if (path === '') return randomBytes(SECRET_BYTES);
  const name = `${flagName('auditKey')} ${path}`;
  let key: Buffer;
  try {
    key = await readFile(path);
  } catch (cause) {
    throw new ResolverError('BCHF_CONFIG_INVALID', `${name}: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (key.length >= AUDIT_KEY_BYTES_MIN) return key;
  throw new ResolverError(
    'BCHF_CONFIG_INVALID',
    `${name}: fewer than ${AUDIT_KEY_BYTES_MIN} bytes`,
  );
}
