import { Button, Slider } from '@mantine/core';
import { useInterval } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import type { Replay, RoomDetail } from '../api/types.js';
import { dayTime, duration, number } from './format.js';
import { Empty, Missing, Section } from './page.js';
import { StateTree } from './state-tree.js';

const STEP_MS = 600;

interface RoomReplayProps {
  readonly log: RoomDetail['log'];
  readonly replay: Replay | undefined;
  readonly error: Error | null;
  /** The version in the address; undefined: the newest one. */
  readonly chosen: number | undefined;
  readonly onChoose: (version: number | undefined) => void;
}

/** The state of a game as a tree, now or at any version that the log still has. */
export function RoomReplay({ log, replay, error, chosen, onChoose }: RoomReplayProps) {
  if (log === null)
    return (
      <Section title="State">
        <Empty>No game has been played in this room, or the game keeps no log. The state appears here with the first change.</Empty>
      </Section>
    );
  return (
    <Section
      title="State"
      aside={
        replay && (
          <span className="aside">
            version {number(replay.version)}
            {replay.at !== null && `, ${dayTime(replay.at)}`}
          </span>
        )
      }
    >
      <Steps from={log.from} to={log.to} chosen={chosen} onChoose={onChoose} />
      {replay ? (
        <div className="replay">
          <StateTree label="State of the game" state={replay.state} />
          <Timers replay={replay} />
        </div>
      ) : (
        <Missing error={error} />
      )}
    </Section>
  );
}

interface StepsProps {
  readonly from: number;
  readonly to: number;
  readonly chosen: number | undefined;
  readonly onChoose: (version: number | undefined) => void;
}

/** Steps through the versions. Without a chosen version, the newest one is followed. */
function Steps({ from, to, chosen, onChoose }: StepsProps) {
  const version = Math.min(Math.max(chosen ?? to, from), to);
  const [dragged, setDragged] = useState<number | null>(null);
  const play = useInterval(() => onChoose(version + 1), STEP_MS);
  const { stop } = play;
  useEffect(() => {
    if (version >= to) stop();
  }, [version, to, stop]);
  return (
    <div className="steps">
      <div className="steps-buttons">
        <Button variant="default" disabled={version <= from} onClick={() => onChoose(from)} aria-label="First version">
          «
        </Button>
        <Button variant="default" disabled={version <= from} onClick={() => onChoose(version - 1)} aria-label="Previous version">
          ‹
        </Button>
        <Button variant="default" disabled={version >= to && !play.active} onClick={play.toggle}>
          {play.active ? 'Pause' : 'Play'}
        </Button>
        <Button variant="default" disabled={version >= to} onClick={() => onChoose(version + 1)} aria-label="Next version">
          ›
        </Button>
        <Button
          variant={chosen === undefined ? 'filled' : 'default'}
          aria-pressed={chosen === undefined}
          onClick={() => onChoose(undefined)}
        >
          Live
        </Button>
      </div>
      <Slider
        className="steps-slider"
        min={from}
        max={Math.max(to, from + 1)}
        value={dragged ?? version}
        onChange={setDragged}
        onChangeEnd={(next) => {
          setDragged(null);
          onChoose(Math.min(next, to));
        }}
        thumbLabel="Version"
        label={(value) => `version ${number(value)}`}
        size="sm"
        disabled={to <= from}
      />
      <span className="aside">
        The log has the versions {number(from)} to {number(to)}.
      </span>
    </div>
  );
}

function Timers({ replay: { timers, at, ended } }: { readonly replay: Replay }) {
  return (
    <div>
      <h3>Timers</h3>
      {timers.length === 0 ? (
        <p className="aside">No timer is set.</p>
      ) : (
        <ul>
          {timers.map((timer) => (
            <li key={timer.name}>
              <code>{timer.name}</code> {at === null ? dayTime(timer.at) : timer.at >= at ? `in ${duration(timer.at - at)}` : 'due'}
            </li>
          ))}
        </ul>
      )}
      {ended && (
        <>
          <h3>Ended</h3>
          <p>
            {ended.reason}
            {ended.message && `: ${ended.message}`}
          </p>
        </>
      )}
    </div>
  );
}
