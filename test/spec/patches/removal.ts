// A patch that takes one numbered behaviour out. Small, and the program works otherwise: a patch that breaks everything
// shows nothing.

export interface Removal {
  readonly number: string;
  readonly file: string;
  /** What stands there once, and what stands there instead. Short, so that it survives changes around it. */
  readonly find: string;
  readonly replace: string;
  /** What is missing then. */
  readonly why: string;
}
