// What is done with snapshots, step by step: what is under way, what a swap would change, what came of it.

import { useState } from 'preact/hooks';
import type { SnapshotList, SwapResult } from '../console-model.ts';
import { dateTime, duration, whole } from './format.ts';
import { Failure, Notice, Panel } from './parts.tsx';
import { type Compared, DiffPanel } from './snapshot-diff.tsx';

/** The name of a snapshot, or what stands for the one that is served. */
function nameOf(snapshot: string): string {
  return snapshot === 'serving' ? 'what is served' : snapshot;
}

/** What is under way or has come of it. */
export type Step =
  | { at: 'nothing' }
  | { at: 'waiting'; what: string }
  | { at: 'failed'; what: string; error: unknown }
  | { at: 'done'; what: string }
  | { at: 'tried'; name: string; tried: SwapResult }
  | { at: 'compared'; compared: Compared }
  | { at: 'asked'; question: string; label: string; action: () => void };

export function UnderWay({ list, step }: { list: SnapshotList; step: Step }) {
  const { swap } = list;
  if (!swap && step.at !== 'waiting') return null;
  const what = step.at === 'waiting' ? step.what : `${swap!.file} is under way`;
  return (
    <Notice title={`${what} …`}>
      <progress aria-label={what} />
      <p class="hint">
        {swap ? `${swap.state} since ${dateTime(Date.parse(swap.since))}. ` : ''}Lookups are
        answered as before in the meantime.
      </p>
    </Notice>
  );
}

export function Outcome({
  step,
  swap,
  cancel,
}: {
  step: Step;
  swap: (name: string, force: boolean) => void;
  cancel: () => void;
}) {
  switch (step.at) {
    case 'failed':
      return <Failure what={`${step.what} failed`} error={step.error} />;
    case 'done':
      return <Notice kind="done" title={step.what} />;
    case 'asked':
      return (
        <Notice kind="warning" title={step.question}>
          <div class="actions">
            <button type="button" class="primary" onClick={step.action}>
              {step.label}
            </button>
            <button type="button" onClick={cancel}>
              Cancel
            </button>
          </div>
        </Notice>
      );
    case 'compared': {
      const { from, to } = step.compared;
      return (
        <DiffPanel title={`From ${nameOf(from)} to ${nameOf(to)}`} diff={step.compared}>
          <button type="button" onClick={cancel}>
            Close
          </button>
        </DiffPanel>
      );
    }
    case 'tried':
      return (
        <Tried key={step.name} name={step.name} tried={step.tried} swap={swap} cancel={cancel} />
      );
    default:
      return null;
  }
}

/** What a swap would change, before it does. */
function Tried({
  name,
  tried,
  swap,
  cancel,
}: {
  name: string;
  tried: SwapResult;
  swap: (name: string, force: boolean) => void;
  cancel: () => void;
}) {
  const [isForced, setIsForced] = useState(false);
  const { diff, refusedUnlessForced: refused, canaryLookups, loadMs } = tried;
  const actions = (
    <>
      {refused !== null && (
        <label class="check">
          <input
            type="checkbox"
            checked={isForced}
            onChange={(event) => setIsForced(event.currentTarget.checked)}
          />
          Swap in although the server refuses it without force <code class="code">{refused}</code>
        </label>
      )}
      <button
        type="button"
        class={refused === null ? 'primary' : 'danger'}
        disabled={refused !== null && !isForced}
        onClick={() => swap(name, isForced)}
      >
        {refused === null ? 'Swap in' : 'Force the swap'}
      </button>
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </>
  );
  const tests = `Loaded and verified in ${duration(loadMs)}; ${whole(canaryLookups)} trial lookups passed.`;
  if (diff) {
    return (
      <DiffPanel title={`What ${name} would change`} diff={diff} note={tests}>
        {actions}
      </DiffPanel>
    );
  }
  return (
    <Panel title={`The chain proves that ${name} is right`}>
      <p class="hint">
        {tests} Later blocks are applied to it before it serves, so no answer changes.
      </p>
      <div class="actions">{actions}</div>
    </Panel>
  );
}
