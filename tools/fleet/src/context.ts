/** How a tool was started. Without it, the tool is a script of this repository. */
export interface ToolContext {
  /** The command with which the user calls the tool, such as `holdfast fleet`. */
  readonly call?: string;
  /** The file about the fleet that `npm start` or `holdfast start` runs. */
  readonly runningFile?: string;
}
