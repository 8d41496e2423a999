/**
 * The facts that a tool receives from the program that starts it. Without these facts, the tool behaves like a script of this repository.
 */
export interface ToolContext {
  /** The command with which the user calls the tool, such as `holdfast fleet`. */
  readonly call?: string;
  /** The path of the file in which `npm start` or `holdfast start` describes the running fleet. */
  readonly runningFile?: string;
}
