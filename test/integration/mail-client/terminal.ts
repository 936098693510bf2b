// A terminal as a person has it, by tmux: type, press keys, look at the screen. A window that the program has
// left stays, and says how it ended.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock } from '../../../src/time/clock.ts';

const run = promisify(execFile);
const lookEveryMs = 40;
const patienceMs = 60_000;

/** Whether there is one. Without it a test is skipped with a line that says so; with CI=true that is a failure. */
export function hasTmux(whatIsNotShown: string): boolean {
  if (spawnSync('tmux', ['-V']).status === 0) return true;
  if (process.env['CI'] === 'true') throw new Error('tmux is not installed, and CI=true requires it');
  process.stderr.write(`skipped, tmux is not installed: ${whatIsNotShown}\n`);
  return false;
}

export class Terminal implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `command` runs in `cwd`, in a window of 140 columns and 40 lines. */
  static async start(command: readonly string[], cwd: string): Promise<Terminal> {
    const folder = await mkdtemp(join(tmpdir(), 'ms-tty-'));
    const terminal = new Terminal(folder);
    await writeFile(join(folder, 'window'), windowScript(folder, command));
    await terminal.#tmux('new-session', '-d', '-x', '140', '-y', '40', '-c', cwd, `sh ${join(folder, 'window')}`);
    return terminal;
  }

  /** Starts the command once more, in the same window, which is empty again. */
  async again(): Promise<void> {
    await this.#tmux('respawn-pane', '-k', `sh ${join(this.#folder, 'window')}`);
  }

  /** A line, and Enter. */
  async type(line: string): Promise<void> {
    if (line !== '') await this.#tmux('send-keys', '-l', '--', line);
    await this.press('Enter');
  }

  /** A key by tmux's name, such as `C-c`. */
  async press(key: string): Promise<void> {
    await this.#tmux('send-keys', key);
  }

  /** Text, and the key Tab where it says so; each when the one before has arrived. */
  async keys(...parts: readonly (string | 'Tab')[]): Promise<void> {
    for (const part of parts) {
      if (part === 'Tab') await this.#settled(async () => await this.press(part));
      else await this.#tmux('send-keys', '-l', '--', part);
    }
  }

  /** What is on the screen, and what has scrolled off it. */
  async screen(): Promise<string> {
    const text = await this.#tmux('capture-pane', '-p', '-S', '-500');
    return text.replace(/\s+$/, '');
  }

  /** Looks until the screen shows it. */
  async shows(what: RegExp | string): Promise<string> {
    return await this.#until((text) => (typeof what === 'string' ? text.includes(what) : what.test(text)), `the screen never showed ${String(what)}`);
  }

  async showsNot(what: RegExp | string): Promise<string> {
    return await this.#until((text) => !(typeof what === 'string' ? text.includes(what) : what.test(text)), `the screen still shows ${String(what)}`);
  }

  /** Its exit code, once it has ended by itself. */
  async ended(): Promise<number> {
    const screen = await this.shows(endedLine);
    return Number(endedLine.exec(screen)?.[1]);
  }

  async kill(): Promise<void> {
    process.kill(Number(await readFile(join(this.#folder, 'pid'), 'utf8')), 'SIGKILL');
    await this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux('kill-server');
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Until the screen has changed: a program that was asked has answered. */
  async #settled(act: () => Promise<void>): Promise<void> {
    const before = await this.screen();
    await act();
    await this.#until((text) => text !== before, 'nothing came of it');
  }

  async #until(holds: (screen: string) => boolean, complaint: string): Promise<string> {
    for (const giveUpAt = systemClock.now() + patienceMs; ;) {
      const screen = await this.screen();
      if (holds(screen)) return screen;
      if (systemClock.now() >= giveUpAt) throw new Error(`${complaint}; it shows:\n${screen}`);
      await systemClock.sleep(lookEveryMs);
    }
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('tmux', ['-S', join(this.#folder, 'socket'), '-f', '/dev/null', '-u', ...args], {
      env: environment(),
      timeout: patienceMs,
    });
    return stdout;
  }
}

/** A terminal shows what was pressed. */
const endedLine = /^(?:\^C)*\[ended with (\d+)\]$/m;

/** Runs the command as a process whose id is known, tells how it ended, and keeps the window; Ctrl-C is for the command. */
function windowScript(folder: string, command: readonly string[]): string {
  const words = [join(folder, 'pid'), ...command].map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`);
  return `trap : INT\nsh -c 'echo $$ >"$0"; exec "$@"' ${words.join(' ')}\necho "[ended with $?]"\nexec sleep 1000\n`;
}

/** Nothing of the tests' own settings reaches the program. */
const environment = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], HOME: process.env['HOME'], LANG: 'C.UTF-8', NODE_OPTIONS: '' });
