// Snapshots of a serving process: which there are, which is served, and the way from one to the other.
//
//     swap NAME ─▶ loading ─▶ verifying ─▶ canary ─▶ publishing ─▶ served; the one before is `previous`
//                  └────── in a thread of its own (load-thread) ──┘    │
//                  what goes wrong here refuses it                     └─ every serving thread moves on,
//                                                                         then the old memory is given back
//
// Without a ledger a swap is how the content is updated: the new file says what is served, so it is
// compared with what is served now, and a change past the threshold, an older block or another chain
// need to be forced. With a ledger the chain says what is served: a snapshot must be proven by it, is
// brought to the block that is served, and a swap changes no answer. It replaces an index that is
// suspected, or that has become large by many changes, without a stop.
//
// One swap, rollback or comparison is under way at a time; whoever comes second is told so at once.

import { IDENTITIES } from '../../ledger/number.ts';
import { type BlockLabel, decodeLabel } from '../freshness.ts';
import { ResolverError } from '../resolver-error.ts';
import { adopt, type Generation, memoriesOf, type Previous, SpareMemories } from './generation.ts';
import { type Loaded, loadInThread } from './load-in-thread.ts';
import type { LoadSource, LoadTask } from './load-messages.ts';
import { SnapshotSaver } from './save-snapshot.ts';
import { readManifest } from './snapshot-file.ts';
import { readPart, type SnapshotPart } from './snapshot-parts.ts';
import type { StoredSnapshots } from './snapshot-store.ts';
import type { SnapshotDiff, SwapResult } from './swap-answers.ts';
import { checkSigner, refusalOf } from './swap-rules.ts';
import { SwapTurn } from './swap-turn.ts';
import type {
  SnapshotOrigin,
  SnapshotSource,
  SwapHost,
  SwapRequest,
  SwapState,
} from './swap-types.ts';

export class SnapshotManager {
  readonly #source: SnapshotSource;
  readonly #host: SwapHost;
  readonly #saver: SnapshotSaver | undefined;
  readonly #closing = new AbortController();
  readonly #spare = new SpareMemories();
  #origin: SnapshotOrigin;
  #previous: Previous | undefined;
  readonly #turn: SwapTurn;
  #swaps = 0;

  constructor(source: SnapshotSource, host: SwapHost) {
    this.#source = source;
    this.#host = host;
    this.#origin = source.origin;
    this.#turn = new SwapTurn(host);
    const { ledger, store, everyBlocks, everyMinutes } = source;
    if (ledger) {
      this.#saver = new SnapshotSaver({
        ledger,
        store,
        indexes: host.indexes,
        everyBlocks,
        everyMinutes,
        onSaved: async (name) => {
          this.#origin = { name, chainId: ledger.chainId };
          await store.prune(source.kept, this.#pinned());
        },
        log: host.log,
        now: host.now,
      });
    }
  }

  get serving(): string | null {
    return this.#origin.name;
  }

  get previous(): string | null {
    return this.#previous?.origin.name ?? null;
  }

  get swapUnderWay(): SwapState | null {
    return this.#turn.state;
  }

  /** For metrics. */
  get counts(): { swaps: number; refusals: number; saved: number; saveFailures: number } {
    const { saved, failures } = this.#saver ?? { saved: 0, failures: 0 };
    return { swaps: this.#swaps, refusals: this.#turn.refusals, saved, saveFailures: failures };
  }

  /** Tells that a block is served, so that one may be written by itself. */
  blockServed(height: number): void {
    this.#saver?.blockServed(height);
  }

  list(): Promise<StoredSnapshots> {
    return this.#source.store.list();
  }

  /** A part of a snapshot for who fetches it; see readPart. */
  part(path: string): Promise<SnapshotPart | undefined> {
    return readPart(this.#source.store, path);
  }

  isPinned(name: string): boolean {
    return this.#pinned().includes(name);
  }

  /** What is served and what a rollback leads to stay on disk. */
  #pinned(): (string | null)[] {
    return [this.serving, this.previous];
  }

  /**
   * Writes a snapshot of what is served, where there is none of this block yet. Without a ledger what is
   * served is a snapshot already. Errors: BCHF_SNAPSHOT_IO.
   */
  async create(): Promise<{ name: string | null; isNew: boolean }> {
    if (!this.#saver) return { name: this.serving, isNew: false };
    return this.#saver.save();
  }

  /** Deletes a snapshot. Errors: BCHF_SNAPSHOT_UNKNOWN, BCHF_SNAPSHOT_PINNED, BCHF_SNAPSHOT_IO. */
  async delete(name: string): Promise<void> {
    await this.#source.store.find(name);
    if (this.isPinned(name) || this.#turn.state?.file === name) {
      throw new ResolverError(
        'BCHF_SNAPSHOT_PINNED',
        `${name} is served, or is kept for a rollback`,
      );
    }
    await this.#source.store.delete(name);
  }

  /** Deletes all but the newest `keep` and those that are pinned; returns the names of those deleted. */
  async prune(keep: number): Promise<string[]> {
    const { snapshots } = await this.list();
    const old = snapshots.slice(keep).map(({ name }) => name);
    const deleted: string[] = [];
    for (const name of old) {
      if (this.isPinned(name) || this.#turn.state?.file === name) continue;
      await this.#source.store.delete(name);
      deleted.push(name);
    }
    return deleted;
  }

  /**
   * Compares two snapshots, or one with what is served: `serving`. Errors: BCHF_SNAPSHOT_UNKNOWN, those of
   * loading, BCHF_SWAP_IN_PROGRESS.
   */
  diff(from: string, to: string): Promise<SnapshotDiff> {
    return this.#turn.take(`${from} ${to}`, 'comparing', async () => {
      const left = await this.#sourceOf(from);
      const right = await this.#sourceOf(to);
      const loaded = await this.#load(right, left);
      if ('path' in right) this.#spare.release(loaded.memories);
      return loaded.diff as SnapshotDiff;
    });
  }

  async #sourceOf(name: string): Promise<LoadSource> {
    if (name !== 'serving') return { path: await this.#source.store.find(name) };
    if (!this.#source.ledger) return this.#servingSource();
    // Blocks change what is served while it would be walked; a file stays as it is.
    const { name: saved } = await this.create();
    return { path: await this.#source.store.find(saved ?? '') };
  }

  #servingSource(): LoadSource {
    return { memories: memoriesOf(this.#host.indexes()), routes: this.#host.routes() };
  }

  /**
   * Serves a snapshot; see the top. Errors: BCHF_SWAP_IN_PROGRESS, BCHF_SNAPSHOT_UNKNOWN, _INVALID,
   * _VERSION, _CANARY_FAILED, BCHF_INDEX_FULL; with a ledger _WRONG_CHAIN, _AHEAD, _UNPROVEN and
   * BCHF_STORE_PRUNED; without, unless forced, a {@link SwapRefusal} _WRONG_CHAIN, _OLDER or
   * _LARGE_CHANGE. After any of them what was served goes on.
   */
  swap({ name, force = false, dryRun = false }: SwapRequest): Promise<SwapResult> {
    return this.#turn.take(name, 'loading', async () => {
      const { ledger, store } = this.#source;
      const path = await store.find(name);
      const manifest = await readManifest(path);
      checkSigner(manifest, this.#source.signers);
      const vouched = await ledger?.vouch(manifest);
      const begunMs = this.#host.now();
      // So that there are never three: what a rollback then needs is in the file.
      if (!dryRun && this.#previous && this.previous !== null) this.#spare.forget(this.#previous);
      const left = ledger ? undefined : this.#servingSource();
      const loaded = await this.#load({ path }, left, { vouched, canarySeed: manifest.height });
      const loadedMs = this.#host.now();
      if (vouched) await store.noteProven(manifest.manifestHash);
      const { diff } = loaded;
      const served = { height: this.#block().height, chainId: this.#origin.chainId };
      const refusal = diff && refusalOf(manifest, diff, served, this.#source.changePercentMax);
      const result = {
        dryRun,
        diff: diff ?? null,
        refusedUnlessForced: refusal?.code ?? null,
        canaryLookups: loaded.tried,
        loadMs: loadedMs - begunMs,
      };
      if (dryRun || (refusal && !force)) {
        this.#spare.release(loaded.memories);
        if (!dryRun) throw refusal;
        const { serving, previous } = this;
        return { ...result, serving, previous, height: this.#block().height, publishMs: 0 };
      }
      const { chainId, manifestHash } = manifest;
      const origin = { name, chainId, manifestHash };
      await this.#publish({ origin, indexes: adopt(loaded.memories), routes: loaded.routes });
      const { serving, previous } = this;
      const publishMs = this.#host.now() - loadedMs;
      this.#host.log.info({ name, height: this.#block().height, publishMs }, 'snapshot swapped in');
      return { ...result, serving, previous, height: this.#block().height, publishMs };
    });
  }

  /**
   * Goes back to the generation before. It is at once where its memory is still there; else its file is
   * loaded, without being compared. Errors: BCHF_SNAPSHOT_NO_PREVIOUS, BCHF_SWAP_IN_PROGRESS, those of
   * loading.
   */
  async rollback(): Promise<SwapResult> {
    const previous = this.#previous;
    if (!previous) {
      // No snapshot is refused, so nothing is logged, counted or alarmed as that.
      this.#turn.checkFree();
      throw new ResolverError('BCHF_SNAPSHOT_NO_PREVIOUS', 'there is nothing to go back to');
    }
    return this.#turn.take(this.previous ?? '', 'loading', async () => {
      const begunMs = this.#host.now();
      const generation = await this.#restore(previous);
      const loadedMs = this.#host.now();
      await this.#publish(generation);
      const { height } = this.#block();
      this.#host.log.info({ name: this.serving, height }, 'rolled back');
      return {
        serving: this.serving,
        previous: this.previous,
        height,
        dryRun: false,
        diff: null,
        refusedUnlessForced: null,
        canaryLookups: 0,
        loadMs: loadedMs - begunMs,
        publishMs: this.#host.now() - loadedMs,
      };
    });
  }

  async #restore(previous: Previous): Promise<Generation> {
    const { origin, indexes, routes, released, expiring } = previous;
    if (indexes) {
      clearTimeout(expiring);
      await released;
      // It is served again: nobody must give its memory back.
      previous.indexes = undefined;
      return { origin, indexes, routes };
    }
    const path = await this.#source.store.find(origin.name ?? '');
    const manifest = await readManifest(path);
    const { manifestHash } = manifest;
    if (origin.manifestHash !== undefined && origin.manifestHash !== manifestHash) {
      const message = `${origin.name} is another file than the one that was served`;
      throw new ResolverError('BCHF_SNAPSHOT_NO_PREVIOUS', message);
    }
    // What this process has checked fully before needs only be looked at for decay.
    const isKnown = origin.manifestHash !== undefined;
    const vouched = isKnown ? undefined : await this.#source.ledger?.vouch(manifest);
    const check = isKnown ? 'fast' : 'full';
    const loaded = await this.#load({ path }, undefined, { check, vouched });
    return { origin, indexes: adopt(loaded.memories), routes: loaded.routes };
  }

  /** Has every thread serve a generation; if that fails its memory is given back. */
  async #publish(next: Generation): Promise<void> {
    const { ledger, previousKeptS } = this.#source;
    this.#turn.enter('publishing');
    const before = {
      origin: this.#origin,
      indexes: this.#host.indexes(),
      routes: [...this.#host.routes()],
    };
    const servedHeight = () => this.#block().height;
    const { indexes } = next;
    let released: Promise<void>;
    try {
      // Most of the way while blocks go on, the rest when none comes in between.
      await ledger?.catchUp(indexes, servedHeight());
      const bringUp = ledger && (() => ledger.catchUp(indexes, servedHeight()));
      const routes = ledger ? undefined : next.routes;
      ({ released } = await this.#host.swapTo({ indexes, ...(routes && { routes }) }, bringUp));
    } catch (error) {
      this.#spare.release(memoriesOf(indexes));
      throw error;
    }
    this.#swaps++;
    if (this.#previous) this.#spare.forget(this.#previous);
    const previous: Previous = { ...before, released };
    this.#origin = next.origin;
    this.#previous = previous;
    if (previousKeptS === 0) this.#spare.forget(previous);
    else {
      previous.expiring = setTimeout(
        () => this.#spare.forget(previous),
        previousKeptS * 1000,
      ).unref();
    }
  }

  /** Waits for what is under way, and gives up what can be given up. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#saver?.close();
    clearTimeout(this.#previous?.expiring);
    await this.#turn.ended();
  }

  #load(
    right: LoadSource,
    left: LoadSource | undefined,
    more: Partial<Pick<LoadTask, 'vouched' | 'canarySeed' | 'check'>> = {},
  ): Promise<Loaded> {
    const { memoryBytesMax } = this.#host;
    const { loadPriority: priority } = this.#source;
    const served = this.#host.indexes();
    const spare = 'path' in right ? this.#spare.take() : undefined;
    return loadInThread(
      { right, left, memoryBytesMax, spare, priority, check: 'full', ...more },
      {
        onStep: (step) => this.#turn.state?.state !== 'comparing' && this.#turn.enter(step),
        onDeath: (readerNumbers) => {
          for (const identity of IDENTITIES) served[identity].evictReader(readerNumbers[identity]);
        },
        script: this.#source.loadScript,
        signal: this.#closing.signal,
      },
    ).catch((error) => {
      if (spare) this.#spare.discard(spare);
      throw error;
    });
  }

  #block(): BlockLabel {
    return decodeLabel(this.#host.indexes().msisdn.label());
  }
}
