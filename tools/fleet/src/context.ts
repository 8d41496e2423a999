/** The facts that a tool receives from the program that starts it. Without them, the tool behaves as a script of this repository. */
export interface ToolContext {
  /** The command with which the user starts the tool, such as `holdfast fleet`. */
  readonly call?: string;
  /** The path of the file in which `npm start` or `holdfast start` describes the running fleet. */
  readonly runningFile?: string;
}
