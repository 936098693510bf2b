// The pages of the command line and the configuration, compared with what there is.
import { readFileSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { commandLine } from '../../../src/host/cli/command-line.ts';
import { exitCodes } from '../../../src/host/cli/exit-codes.ts';
import { configurationSchema } from '../../../src/host/configuration/schema.ts';
import { variables } from '../../../src/host/configuration/sources.ts';
import { systemClock } from '../../../src/time/clock.ts';

const page = (name: string): string => readFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), 'utf8');
const cli = page('cli.md');
const configuration = page('configuration.md');
const terminal = {
  stdin: Readable.from([]),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  workingDirectory: '/',
  clock: systemClock,
};
const program = commandLine(terminal, () => undefined);

describe('docs/reference/cli.md', () => {
  it('names every command and no other', () => {
    const there = program.commands.map((command) => command.name()).sort();
    const told = [...cli.matchAll(/^## ((?:[a-z]+(?:, )?)+)$/gm)].flatMap(([, names = '']) => names.split(', ')).sort();
    expect(told).toEqual(there);
  });

  it('names every subcommand', () => {
    const there = program.commands.flatMap((command) => command.commands.map((each) => `${command.name()} ${each.name()}`));
    expect(there.filter((name) => !cli.includes(`\`${name}`))).toEqual([]);
  });

  it('names every option and no other', () => {
    const all = [program, ...program.commands, ...program.commands.flatMap((command) => command.commands)];
    const there = new Set(all.flatMap((command) => command.options.map((option) => option.long)));
    const told = new Set([...cli.matchAll(/--[a-z][a-z-]*/g)].map(([option]) => option));
    told.delete('--help');
    expect([...told].sort()).toEqual([...there].sort());
  });

  it('has the exit codes as --help has them', () => {
    const told = [...cli.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, meaning]) => [code, meaning]);
    expect(told).toEqual(Object.entries(exitCodes));
  });
});

describe('docs/reference/configuration.md', () => {
  it('names every field and every variable', () => {
    for (const field of Object.keys(configurationSchema.shape)) expect(configuration).toContain(`\`${field}`);
    for (const variable of Object.keys(variables)) expect(configuration).toContain(`| \`${variable}\` |`);
  });
});
