import { readFileSync } from 'node:fs';
import { COMMANDS } from './commands.mjs';

export const SHELLS = ['bash', 'zsh'];

/**
 * Returns a completion script. zsh runs that of bash.
 *
 * @param {string} shell one of `SHELLS`
 */
export function completionScript(shell) {
  const cases = COMMANDS.map(({ name, help }) => `    ${name}) words="${wordsOf(readFileSync(help, 'utf8')).join(' ')}" ;;`);
  const script = `_holdfast() {
  local words="${[...COMMANDS.map(({ name }) => name), '--help', '--version'].join(' ')}"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "\${COMP_WORDS[1]}" in
${cases.map((line) => `  ${line}`).join('\n')}
      *) words="" ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _holdfast holdfast
`;
  return shell === 'zsh' ? `autoload -Uz bashcompinit && bashcompinit\n${script}` : script;
}

/**
 * Returns the subcommands and options that a help text describes. Pure.
 *
 * @param {string} help
 */
export function wordsOf(help) {
  const [, commands = ''] = /^Commands:\n((?: {2}.*\n)*)/m.exec(help) ?? [];
  const subcommands = [...commands.matchAll(/^ {2}([a-z][\w|-]*)/gm)].flatMap(([, names]) => names.split('|'));
  const options = [...help.matchAll(/^ {2,}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option);
  const shells = /holdfast completion (\w+)/.test(help) ? SHELLS : [];
  return [...new Set([...subcommands, ...shells, ...options])];
}
