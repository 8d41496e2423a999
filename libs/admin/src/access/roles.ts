/** `viewer`: may only read. `operator`: may also change the fleet. */
export const ROLES = ['viewer', 'operator'] as const;
export type Role = (typeof ROLES)[number];

/** The operator or viewer to whom a token belongs. */
export interface Actor {
  /** The name of the token in the setting. The audit log shows it. */
  readonly name: string;
  readonly role: Role;
}
