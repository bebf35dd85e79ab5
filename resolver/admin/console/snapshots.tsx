// Snapshots: which there are, what would change, and the way from one to the other and back.

import { useState } from 'preact/hooks';
import type { SnapshotList, SwapResult } from '../console-model.ts';
import { AdminError, get, post, remove } from './admin-client.ts';
import { duration, whole } from './format.ts';
import { usePolled } from './hooks.ts';
import { Failure, Notice, View } from './parts.tsx';
import type { Compared } from './snapshot-diff.tsx';
import { Outcome, type Step, UnderWay } from './snapshot-steps.tsx';
import { Served, Stored } from './stored-snapshots.tsx';

const POLL_MS = 3000;
/** With a hundred million entries, loading and comparing takes a while. */
const LONG_MS = 600_000;

export function SnapshotsView() {
  const { value: list, error, refresh } = usePolled<SnapshotList>('/admin/v1/snapshots', POLL_MS);
  const [step, setStep] = useState<Step>({ at: 'nothing' });
  const isBusy = step.at === 'waiting' || (list?.swap ?? null) !== null;

  const carryOut = async (what: string, action: () => Promise<Step>) => {
    setStep({ at: 'waiting', what });
    try {
      setStep(await action());
    } catch (failure) {
      setStep({ at: 'failed', what, error: failure });
    }
    refresh();
  };
  const create = () =>
    carryOut('Writing a snapshot', async () => {
      const { name, isNew } = await post<{ name: string; isNew: boolean }>(
        '/admin/v1/snapshots',
        {},
        LONG_MS,
      );
      return {
        at: 'done',
        what: isNew ? `${name} was written` : `${name} has this block already`,
      };
    });
  const tryOut = (name: string) =>
    carryOut(`Loading ${name} and comparing it with what is served`, async () => {
      const tried = await post<SwapResult>('/admin/v1/swap', { name, dryRun: true }, LONG_MS);
      return { at: 'tried', name, tried };
    });
  const swap = (name: string, force: boolean) =>
    carryOut(`Swapping ${name} in`, async () => {
      const { height, loadMs, publishMs } = await post<SwapResult>(
        '/admin/v1/swap',
        { name, force },
        LONG_MS,
      );
      const took = `loaded in ${duration(loadMs)}, published in ${duration(publishMs)}`;
      return { at: 'done', what: `${name} is served, at height ${whole(height)}: ${took}` };
    });
  const rollBack = () =>
    carryOut('Rolling back', async () => {
      const { serving, height, publishMs } = await post<SwapResult>(
        '/admin/v1/rollback',
        {},
        LONG_MS,
      );
      const what = `${serving ?? 'What was served before'} is served again, at height ${whole(height)}`;
      return { at: 'done', what: `${what}: published in ${duration(publishMs)}` };
    });
  const discard = (name: string) =>
    carryOut(`Deleting ${name}`, async () => {
      await remove(`/admin/v1/snapshots/${encodeURIComponent(name)}`);
      return { at: 'done', what: `${name} was deleted` };
    });
  const prune = (keep: number) =>
    carryOut(`Deleting all but the newest ${keep}`, async () => {
      const { deleted } = await post<{ deleted: string[] }>('/admin/v1/snapshots/prune', { keep });
      const what = deleted.length === 0 ? 'There was nothing to delete' : deleted.join(', ');
      return { at: 'done', what: deleted.length === 0 ? what : `Deleted: ${what}` };
    });
  const compare = (from: string, to: string) =>
    carryOut(`Comparing ${from} with ${to}`, async () => {
      const names = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
      const path = `/admin/v1/snapshots/diff?${names}`;
      return { at: 'compared', compared: await get<Compared>(path, undefined, LONG_MS) };
    });
  const ask = (question: string, label: string, action: () => void) =>
    setStep({ at: 'asked', question, label, action });
  const cancel = () => setStep({ at: 'nothing' });

  if (error instanceof AdminError && error.code === 'BCHF_SNAPSHOT_UNKNOWN') {
    return (
      <View title="Snapshots">
        <Notice title="This process has no snapshot directory">
          So there are no snapshots to list, compare or swap in.
        </Notice>
      </View>
    );
  }
  return (
    <View title="Snapshots">
      {error && error.status !== 0 && <Failure what="Snapshots cannot be listed" error={error} />}
      {list && <UnderWay list={list} step={step} />}
      <div aria-live="polite">
        <Outcome step={step} swap={swap} cancel={cancel} />
      </div>
      {list && (
        <Served
          list={list}
          isBusy={isBusy}
          create={create}
          rollBack={() =>
            ask(`Serve ${list.previous ?? 'what was served before'} again?`, 'Roll back', rollBack)
          }
        />
      )}
      {list && (
        <Stored
          list={list}
          isBusy={isBusy}
          tryOut={tryOut}
          compare={compare}
          discard={(name) => ask(`Delete ${name} from the disk?`, 'Delete', () => discard(name))}
          prune={(keep) =>
            ask(`Delete all but the newest ${keep} from the disk?`, 'Delete', () => prune(keep))
          }
        />
      )}
      {!list && !error && <p class="hint">Asking …</p>}
    </View>
  );
}
