// What Tab offers, read from the commands themselves. That the shells show it stands in test/integration/cli.
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../../src/host/cli/command-line.ts';
import { completions } from '../../../src/host/cli/completing.ts';
import { stateNames } from '../../../src/message/transitions.ts';
import { systemClock } from '../../../src/time/clock.ts';

const terminal = {
  stdin: Readable.from([]),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  workingDirectory: '/',
  clock: systemClock,
};
const program = commandLine(terminal, () => undefined);
const offered = (...words: string[]) => completions(program, words).map(({ word }) => word);

describe('completion', () => {
  it('offers every command, and those that begin as what was typed', () => {
    expect(offered('').sort()).toEqual([...program.commands.map((command) => command.name()), 'help'].sort());
    expect(offered('su')).toEqual(['submit', 'suspend']);
    expect(completions(program, ['subm'])[0]?.description).toContain('put a message into the queue');
  });

  it.each([
    [
      ['store', ''],
      ['verify', 'compact', 'export'],
    ],
    [['create', 'p'], ['provider']],
    [['--json', 'store', 'v'], ['verify']],
    [['--directory', 'submit', 'pur'], ['purge']],
    [['list', '--stat'], ['--state']],
    [['store', 'export', 'x', '--form'], ['--format']],
    [
      ['store', 'export', '--format', ''],
      ['eml', 'mbox', 'jsonl'],
    ],
    [['list', '--state', ''], [...stateNames]],
    [
      ['list', '--state', 'de'],
      ['deferred', 'delivered'],
    ],
    [['submit', '--priority', 'h'], ['high']],
    [
      ['resolve', 'some-id', ''],
      ['accepted', 'rejected', 'notSent'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
  ])('after %j it offers %j', (words, expected) => {
    expect(offered(...words).filter((word) => word !== 'help')).toEqual(expected);
  });

  it('offers the options that every command has', () => {
    expect(offered('store', 'verify', '--')).toEqual(expect.arrayContaining(['--json', '--directory', '--help']));
  });

  it.each([[['submit', '']], [['submit', '--attach', '']], [['show', '']], [['nonsense', '']]])('leaves %j to the shell', (words) => {
    expect(offered(...words)).toEqual([]);
  });
});
