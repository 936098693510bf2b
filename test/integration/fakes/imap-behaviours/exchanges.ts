// A script or its transcript taken apart: each command with its answer. For the comparison, which bends single answers.

export interface Exchange {
  /** The line with the command, or a comment. */
  readonly line: string;
  /** Without the name of the connection. */
  readonly command: string;
  readonly answer: readonly string[];
}

export function exchanges(text: string): Exchange[] {
  const found: { line: string; command: string; answer: string[] }[] = [];
  for (const line of text.trimEnd().split('\n')) {
    const [, answer] = /^[A-Z]\w*< (.*)$/.exec(line) ?? [];
    if (answer === undefined) found.push({ line, command: line.replace(/^[A-Z]\w*[>~] /, ''), answer: [] });
    else found.at(-1)?.answer.push(answer);
  }
  return found;
}
