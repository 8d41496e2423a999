import { Button, Modal, NativeSelect, Progress, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type FormEvent, useCallback, useRef, useState } from 'react';
import { type Act, type ActInput, NOTE_LABEL, NOTE_MAX } from './act.js';
import { type ActRun, useActRun } from './use-act-run.js';

/** Time after which Mantine has returned the focus. */
const FOCUS_MS = 100;
const HOUR_MS = 3_600_000;
const ENDS = [
  { value: '', label: 'until an operator lifts it' },
  { value: String(HOUR_MS), label: 'for an hour' },
  { value: String(24 * HOUR_MS), label: 'for a day' },
  { value: String(7 * 24 * HOUR_MS), label: 'for a week' },
  { value: String(30 * 24 * HOUR_MS), label: 'for 30 days' },
];

/** Asks before an act, shows its progress, and then its result. */
export function ActDialog({ act, returnTo }: { readonly act: Act; readonly returnTo: HTMLElement | null }) {
  const [isOpen, setIsOpen] = useState(true);
  const isOpenNow = useRef(true);
  const onEnd = useCallback(
    (states: ActRun['states']) => {
      if (!isOpenNow.current) notify(act, states);
    },
    [act],
  );
  const { run, start } = useActRun(act, onEnd);
  const input = useRef<ActInput>({});
  const close = () => {
    isOpenNow.current = false;
    setIsOpen(false);
    // Mantine returns the focus to the element that had it before, which may be an item of a closed menu.
    setTimeout(() => document.activeElement === document.body && returnTo?.focus({ preventScroll: true }), FOCUS_MS);
  };
  const failures = Object.values(run.states).filter(({ state }) => state === 'failed').length;
  return (
    // Without Mantine's own header: axe takes a <header> in a dialog for a second banner of the page.
    <Modal.Root opened={isOpen} onClose={close}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Body>
          <Modal.Title component="h2" className="dialog-title">
            {act.title}
          </Modal.Title>
          {run.phase === 'asking' ? (
            <Question
              act={act}
              onCancel={close}
              onConfirm={(given) => {
                input.current = given;
                void start(given);
              }}
            />
          ) : (
            <>
              <Outcome act={act} run={run} />
              <div className="dialog-end">
                {run.phase === 'ended' && failures > 0 && (
                  <Button variant="default" onClick={() => void start(input.current)}>
                    Try again
                  </Button>
                )}
                <Button variant={run.phase === 'ended' ? 'filled' : 'default'} onClick={close} data-autofocus>
                  {run.phase === 'ended' ? 'Close' : 'Continue in the background'}
                </Button>
              </div>
            </>
          )}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

interface QuestionProps {
  readonly act: Act;
  readonly onCancel: () => void;
  readonly onConfirm: (input: ActInput) => void;
}

function Question({ act, onCancel, onConfirm }: QuestionProps) {
  const [note, setNote] = useState('');
  const [endsIn, setEndsIn] = useState('');
  const confirm = (event: FormEvent) => {
    event.preventDefault();
    const text = note.trim();
    onConfirm({ ...(text !== '' && { note: text }), ...(endsIn !== '' && { until: Date.now() + Number(endsIn) }) });
  };
  return (
    <form onSubmit={confirm}>
      <p className="dialog-details">{act.details}</p>
      {act.targets.length > 1 && (
        <ul className="dialog-targets">
          {act.targets.map(({ key, label }) => (
            <li key={key}>{label}</li>
          ))}
        </ul>
      )}
      {act.asksForEnd && (
        <NativeSelect label="How long" data={ENDS} value={endsIn} onChange={(event) => setEndsIn(event.currentTarget.value)} mb="sm" />
      )}
      <Textarea
        label={act.noteLabel ?? NOTE_LABEL}
        maxLength={NOTE_MAX}
        autosize
        minRows={2}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <div className="dialog-end">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" color={act.isDangerous ? 'red' : undefined} data-autofocus>
          {act.verb}
        </Button>
      </div>
    </form>
  );
}

function Outcome({ act, run }: { readonly act: Act; readonly run: ActRun }) {
  const ended = Object.values(run.states).filter(({ state }) => state === 'done' || state === 'failed').length;
  return (
    <div role="status">
      {act.targets.length > 1 && (
        <p className="dialog-details">
          {ended} of {act.targets.length}
        </p>
      )}
      <ul className="outcomes">
        {act.targets.map(({ key, label }) => {
          const { state = 'waiting', progress, sentence } = run.states[key] ?? {};
          const percent = progress && progress.total > 0 ? (progress.done / progress.total) * 100 : null;
          return (
            <li key={key} className={state}>
              <strong>{label}</strong> {sentence ?? (state === 'running' ? progressText(progress) : 'waits')}
              {state === 'running' && (
                <Progress value={percent ?? 100} animated={percent === null} aria-label={`Progress of ${label}`} mt={4} />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function progressText(progress: { readonly done: number; readonly total: number } | undefined): string {
  return progress ? `${progress.done} of ${progress.total} rooms have moved` : 'in progress …';
}

function notify({ verb, targets }: Act, states: ActRun['states']): void {
  const failed = targets.filter(({ key }) => states[key]?.state === 'failed');
  const only = targets.length === 1 ? targets[0] : undefined;
  notifications.show({
    title: failed.length > 0 ? `${verb}: ${failed.length} of ${targets.length} failed` : `${verb}: done`,
    message: only
      ? `${only.label}: ${states[only.key]?.sentence}`
      : failed.map(({ key, label }) => `${label}: ${states[key]?.sentence}`).join(' '),
    color: failed.length > 0 ? 'red' : 'green',
    autoClose: failed.length > 0 ? false : 8_000,
  });
}
