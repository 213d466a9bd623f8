/** The version of the tool, as `--version`, JSON reports and `user-agent` give it. */
export const VERSION = "0.1.0";

/** The name of the tool. */
export const PROGRAM = "tandem";
