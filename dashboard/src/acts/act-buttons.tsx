import { Button, Menu } from '@mantine/core';
import { useRef, useState } from 'react';
import { useMayAct } from '../session/session.js';
import type { Act } from './act.js';
import { useAsk } from './act-context.js';

interface ActsProps {
  readonly acts: readonly Act[];
  /** The target of the acts, for screen readers: `game:1`. */
  readonly about: string;
}

/** The acts of one thing as buttons. A viewer sees none. */
export function ActButtons({ acts, about }: ActsProps) {
  const ask = useAsk();
  if (!useMayAct()) return null;
  return acts.map((act) => (
    <Button
      key={act.verb}
      variant={act.isDangerous ? 'outline' : 'default'}
      color={act.isDangerous ? 'red' : undefined}
      aria-label={`${act.verb} ${about}`}
      onClick={() => ask(act)}
    >
      {act.verb}
    </Button>
  ));
}

/** The acts of one row of a table as a menu. The menu is made when it is opened first, so that long tables stay quick. */
export function ActMenu({ acts, about }: ActsProps) {
  const ask = useAsk();
  const target = useRef<HTMLButtonElement>(null);
  const [wasOpened, setWasOpened] = useState(false);
  if (!useMayAct() || acts.length === 0) return null;
  const button = {
    type: 'button',
    className: 'row-acts',
    'aria-label': `Acts for ${about}`,
    children: <span aria-hidden="true">⋯</span>,
  } as const;
  if (!wasOpened) return <button {...button} aria-haspopup="menu" aria-expanded={false} onClick={() => setWasOpened(true)} />;
  return (
    <Menu defaultOpened>
      <Menu.Target>
        <button {...button} ref={target} />
      </Menu.Target>
      <Menu.Dropdown>
        {acts.map((act) => (
          <Menu.Item key={act.verb} className={act.isDangerous ? 'dangerous' : undefined} onClick={() => ask(act, target.current)}>
            {act.verb} …
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
