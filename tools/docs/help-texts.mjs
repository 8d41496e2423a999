/**
 * The tools whose options commander defines. The file with the help of each tool makes it possible to print the help before commander is
 * installed. `npm run docs:help` writes the files, and a test compares each with the help of its tool.
 *
 * @type {readonly { file: string, module: string }[]} `module`: the path, without its extension, of the module that exports `newCommand()`
 */
export const HELP_TEXTS = [
  { file: 'tools/players/help.txt', module: 'tools/players/src/options' },
  { file: 'tools/fuzz/help.txt', module: 'tools/fuzz/src/options' },
  { file: 'tools/fleet/help.txt', module: 'tools/fleet/src/program' },
  { file: 'bench/help.txt', module: 'bench/options' },
  { file: 'tools/chaos/help.txt', module: 'tools/chaos/src/options' },
  { file: 'tools/config/help.txt', module: 'tools/config/src/options' },
  { file: 'tools/poison/help.txt', module: 'tools/poison/src/options' },
  { file: 'tools/partitions/help.txt', module: 'tools/partitions/src/options' },
  { file: 'tools/conformance/help.txt', module: 'tools/conformance/src/options' },
];

/** Width of the help texts, in characters. It does not depend on the terminal, so that the files stay the same. */
const WIDTH = 120;

/**
 * Returns the help of a command, followed by the options of its subcommands.
 *
 * @param {import('commander').Command} command
 */
export function helpTextOf(command) {
  const withOptions = command.commands.filter(({ options }) => options.length > 0);
  return [command, ...withOptions].map((one) => one.configureHelp({ helpWidth: WIDTH }).helpInformation()).join('\n');
}
