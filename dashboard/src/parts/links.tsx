import { NONE, shortServer } from './format.js';

interface NameLinkProps {
  readonly to: string;
  readonly id: string;
  readonly name: string;
}

/** Plain links, because a table has hundreds of them, and a link of the router watches the address for its whole life. */
function NameLink({ to, id, name }: NameLinkProps) {
  return (
    <a href={`#/${to}/${encodeURIComponent(id)}`} className="name" title={id}>
      {name}
    </a>
  );
}

export function ServerLink({ id }: { readonly id: string | null | undefined }) {
  return id ? <NameLink to="servers" id={id} name={shortServer(id)} /> : NONE;
}

export function RoomLink({ id, name }: { readonly id: string; readonly name?: string }) {
  return <NameLink to="rooms" id={id} name={name || id} />;
}

export function PlayerLink({ user, name }: { readonly user: string; readonly name?: string | null }) {
  return <NameLink to="players" id={user} name={name || user} />;
}
