// The last minutes as the server has them: all of them once, then what is new each second.

import { useEffect, useState } from 'preact/hooks';
import type { Figures, FiguresSample } from '../console-model.ts';
import { AdminError, get } from './admin-client.ts';

const POLL_MS = 1000;
const SAMPLES_MAX = 900;

export interface LiveState {
  samples: FiguresSample[];
  error: AdminError | undefined;
}

export function useFigures(): LiveState {
  const [state, setState] = useState<LiveState>({ samples: [], error: undefined });
  useEffect(() => {
    const aborting = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let sinceMs = 0;
    const poll = async () => {
      if (document.visibilityState === 'visible') {
        try {
          const path = `/admin/v1/figures?sinceMs=${sinceMs}`;
          const { samples } = await get<Figures>(path, aborting.signal);
          sinceMs = samples.at(-1)?.atMs ?? sinceMs;
          setState((before) => ({
            samples: [...before.samples, ...samples].slice(-SAMPLES_MAX),
            error: undefined,
          }));
        } catch (error) {
          if (aborting.signal.aborted) return;
          if (!(error instanceof AdminError)) throw error;
          setState((before) => ({ ...before, error }));
        }
      }
      timer = setTimeout(poll, POLL_MS);
    };
    poll();
    return () => {
      aborting.abort();
      clearTimeout(timer);
    };
  }, []);
  return state;
}
