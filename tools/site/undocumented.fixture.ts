/** An entry whose second export has no docstring, for the test of the reference. */
export function documented(): void {}

export function undocumented(): void {}
