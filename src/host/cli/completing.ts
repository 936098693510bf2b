// What may come next on a command line, read from the commands themselves; and the scripts that ask for it, one for each shell.
import type { Command, Option } from 'commander';
import { folders } from '../../message/message.ts';
import { stateNames } from '../../message/transitions.ts';

export interface Completion {
  readonly word: string;
  readonly description: string;
}

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Values that commander does not know of, by option or by command and argument. */
const values: Readonly<Record<string, readonly string[]>> = {
  '--state': stateNames,
  '--folder': Object.values(folders),
  '--priority': ['high', 'normal', 'low'],
  'resolve verdict': ['accepted', 'rejected', 'notSent'],
  'mark mark': ['download', 'delete', 'move', 'none'],
  'completion words': shells,
};

/**
 * `words`: what was typed behind the program's name, the last one unfinished, perhaps empty. Nothing: the shell may
 * offer files.
 */
export function completions(program: Command, words: readonly string[]): Completion[] {
  const typed = words.slice(0, -1);
  const last = words.at(-1) ?? '';
  let command = program;
  let position = 0;
  let waiting: Option | undefined;
  for (const word of typed) {
    if (waiting) waiting = undefined;
    else if (word.startsWith('-')) waiting = valued(optionsOf(command).find(({ long, short }) => word === long || word === short));
    else {
      const next = visible(command).find((each) => each.name() === word);
      if (next) command = next;
      else position += 1;
    }
  }
  return offered(command, { waiting, position, isOption: last.startsWith('-') }).filter(({ word }) => word.startsWith(last));
}

const valued = (option: Option | undefined): Option | undefined => (option?.required === true || option?.optional === true ? option : undefined);

interface Place {
  readonly waiting: Option | undefined;
  readonly position: number;
  readonly isOption: boolean;
}

function offered(command: Command, { waiting, position, isOption }: Place): Completion[] {
  if (waiting) return plain(waiting.argChoices ?? values[waiting.long ?? ''] ?? []);
  if (isOption) return optionsOf(command).map(({ long, description }) => ({ word: long ?? '', description }));
  const argument = command.registeredArguments[position] ?? command.registeredArguments.findLast(({ variadic }) => variadic);
  if (argument) return plain(argument.argChoices ?? values[`${command.name()} ${argument.name()}`] ?? []);
  return position > 0 ? [] : visible(command).map((each) => ({ word: each.name(), description: each.description() }));
}

const plain = (words: readonly string[]): Completion[] => words.map((word) => ({ word, description: '' }));

const visible = (command: Command): readonly Command[] => command.createHelp().visibleCommands(command);

/** Its own, and those that every command has. */
const optionsOf = (command: Command): readonly Option[] => [
  ...command.createHelp().visibleOptions(command),
  ...command.createHelp().visibleGlobalOptions(command),
];

/** Each asks the program at every Tab, so that it never says what another version knew. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `# Completion for mailspool. In ~/.bashrc: eval "$(mailspool completion bash)"
_mailspool() {
  local word IFS=$'\\n'
  COMPREPLY=()
  for word in $(mailspool completion --words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
    COMPREPLY+=("\${word%%$'\\t'*}")
  done
}
complete -o bashdefault -o default -F _mailspool mailspool
`,
  zsh: `#compdef mailspool
# Completion for mailspool. In ~/.zshrc, after compinit: eval "$(mailspool completion zsh)"
_mailspool() {
  local line
  local -a found
  for line in "\${(@f)$(mailspool completion --words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${line%%$'\\t'*}:\${line#*$'\\t'}")
  done
  if (( \${#found} )); then _describe mailspool found; else _files; fi
}
compdef _mailspool mailspool
`,
  fish: `# Completion for mailspool. mailspool completion fish > ~/.config/fish/completions/mailspool.fish
complete -c mailspool -a '(mailspool completion --words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};
