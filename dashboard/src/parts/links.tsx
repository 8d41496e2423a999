import { Link } from '@tanstack/react-router';
import { NONE, shortServer } from './format.js';

export function ServerLink({ id }: { readonly id: string | null | undefined }) {
  if (!id) return NONE;
  return (
    <Link to="/servers/$id" params={{ id }} className="name" title={id}>
      {shortServer(id)}
    </Link>
  );
}

export function RoomLink({ id, children }: { readonly id: string; readonly children?: string }) {
  return (
    <Link to="/rooms/$id" params={{ id }} className="name" title={id}>
      {children ?? id}
    </Link>
  );
}

export function PlayerLink({ user, name }: { readonly user: string; readonly name?: string | null }) {
  return (
    <Link to="/players/$user" params={{ user }} className="name" title={user}>
      {name || user}
    </Link>
  );
}
