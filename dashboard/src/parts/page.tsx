import { Alert, Button, Skeleton } from '@mantine/core';
import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { ApiError, sentenceOf } from '../api/api-error.js';

interface PageProps {
  readonly title: string;
  /** Beside the title: states, counts. */
  readonly aside?: ReactNode;
  /** At the right: acts and links. */
  readonly acts?: ReactNode;
  readonly children: ReactNode;
}

export function Page({ title, aside, acts, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Holdfast`;
  }, [title]);
  return (
    <>
      <div className="page-head">
        <h1>{title}</h1>
        {aside}
        {acts && <div className="page-acts">{acts}</div>}
      </div>
      {children}
    </>
  );
}

interface SectionProps {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}

export function Section({ title, aside, children, className }: SectionProps) {
  return (
    <section className={`card ${className ?? ''}`} aria-label={title}>
      <div className="card-head">
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** A sentence instead of an empty list. It says how entries get into the list. */
export function Empty({ children }: { readonly children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export function PagePending() {
  return (
    <div role="status" aria-label="Loading">
      <Skeleton height={28} width={200} mb="md" />
      <Skeleton height={220} radius="md" />
    </div>
  );
}

/** Shown instead of facts that have not arrived: a skeleton, or the reason why the facts cannot be read. */
export function Missing({ error, retry }: { readonly error: Error | null; readonly retry?: () => unknown }) {
  if (error === null) return <PagePending />;
  const isGone = error instanceof ApiError && error.status === 404;
  return (
    <Alert color={isGone ? 'gray' : 'red'} variant="outline" title={isGone ? 'Not found' : 'The facts cannot be read'} role="alert">
      <p>{sentenceOf(error)}</p>
      {retry && !isGone && (
        <Button variant="default" onClick={() => void retry()}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

/** Shown when the code of a page fails, or cannot be loaded, for example after a deploy. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  return (
    <Page title="This page does not work">
      <Missing error={error instanceof Error ? error : new Error(String(error))} retry={reset} />
      <p>
        <a href={location.href} onClick={() => location.reload()}>
          Load the dashboard again
        </a>{' '}
        if the fleet has a new build.
      </p>
    </Page>
  );
}

export function NotFoundPage() {
  return (
    <Page title="No such page">
      <Empty>
        This address has no page. <Link to="/">Go to the fleet.</Link>
      </Empty>
    </Page>
  );
}
