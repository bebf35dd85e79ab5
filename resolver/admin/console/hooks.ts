// What views have in common: asking again and again, and what stands behind the # of the address.

import { useEffect, useRef, useState } from 'preact/hooks';
import { AdminError, get } from './admin-client.ts';

/** The last answer there was, and what is wrong with asking now. */
export interface Polled<T> {
  value: T | undefined;
  error: AdminError | undefined;
  /** Asks now, out of turn. */
  refresh: () => void;
}

/** Asks for a path every so often while the page is visible. The last answer outlives an error. */
export function usePolled<T>(path: string | undefined, intervalMs: number): Polled<T> {
  const [state, setState] = useState<{ path?: string; value?: T; error?: AdminError }>({});
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const aborting = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const poll = async () => {
      if (document.visibilityState === 'visible') {
        try {
          const value = await get<T>(path, aborting.signal);
          setState({ path, value });
        } catch (error) {
          if (aborting.signal.aborted) return;
          if (!(error instanceof AdminError)) throw error;
          setState((before) => ({ ...before, path, error }));
        }
      }
      timer = setTimeout(poll, intervalMs);
    };
    poll();
    return () => {
      aborting.abort();
      clearTimeout(timer);
    };
  }, [path, intervalMs, asked]);
  const isOfPath = state.path === path;
  return {
    value: isOfPath ? state.value : undefined,
    error: isOfPath ? state.error : undefined,
    refresh: () => setAsked((count) => count + 1),
  };
}

/** The parts of the address behind `#/`, decoded. */
export function usePlace(): string[] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const onChange = () => setHash(location.hash);
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return hash.replace(/^#\/?/, '').split('/').map(decode);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Changes when the scheme of colours does, for what is drawn and not styled. */
export function useColourScheme(): 'light' | 'dark' {
  const query = useRef(matchMedia('(prefers-color-scheme: dark)')).current;
  const [isDark, setIsDark] = useState(query.matches);
  useEffect(() => {
    const onChange = () => setIsDark(query.matches);
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, [query]);
  return isDark ? 'dark' : 'light';
}
