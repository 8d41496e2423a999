import type { AdminToken, Role } from '#libs/admin';
import type { NamedToken, SettingsOf } from '#libs/settings';

/** Returns the tokens of all operators and viewers. A token without a name gets the name of its role. */
export function adminTokens({ tokens, viewerTokens }: SettingsOf<'gateway'>['admin']): readonly AdminToken[] {
  const withRole = (role: Role) => (one: NamedToken) => ({ name: one.name ?? role, role, token: one.token });
  return [...tokens.map(withRole('operator')), ...viewerTokens.map(withRole('viewer'))];
}
