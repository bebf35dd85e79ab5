// Small parts that every view is made of.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { AdminError } from './admin-client.ts';

export function View({ title, children }: { title: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · bchf console`;
    // Readers of screens begin with what has changed.
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <>
      <h1 tabIndex={-1} ref={heading}>
        {title}
      </h1>
      {children}
    </>
  );
}

export function Panel({
  title,
  aside,
  children,
}: {
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="panel" aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export function Tile({
  label,
  value,
  note,
  tone,
}: {
  label: string;
  value: string;
  note?: string;
  tone?: 'warning' | 'critical' | undefined;
}) {
  return (
    <div class={`tile ${tone ?? ''}`}>
      <dt>{label}</dt>
      <dd>
        <strong>{value}</strong>
        {note !== undefined && <span>{note}</span>}
      </dd>
    </div>
  );
}

export function Notice({
  kind = 'empty',
  title,
  children,
}: {
  kind?: 'empty' | 'error' | 'done' | 'warning';
  title: string;
  children?: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children !== undefined && <div>{children}</div>}
    </div>
  );
}

/** What went wrong, for people, with the code that documents list. */
export function Failure({ what, error }: { what: string; error: unknown }) {
  const code = error instanceof AdminError ? error.code : '';
  return (
    <Notice kind="error" title={what}>
      {error instanceof Error ? error.message : String(error)}
      {code !== '' && <code class="code">{code}</code>}
    </Notice>
  );
}
