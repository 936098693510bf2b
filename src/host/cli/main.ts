#!/usr/bin/env node
// The executable: connects the process with the command line.
import { systemClock } from '../../time/clock.ts';
import { runCommandLine } from './command-line.ts';

/** Whoever reads our output may go away early, as `head` does: then there is nothing left to say. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCommandLine(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  workingDirectory: process.cwd(),
  clock: systemClock,
});
