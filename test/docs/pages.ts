// Reads the documentation as the tests need it: pages and their code blocks.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root: string = resolve(import.meta.dirname, '../..');

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
}

export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** The line before the fence. */
  readonly before: string;
}

/** Paths of files below `folder`, from the root of the repository. */
export function filesBelow(folder: string, ...endings: readonly string[]): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => endings.some((ending) => path.endsWith(ending)) && !/(^|\/)(node_modules|dist)\//.test(path))
    .map((path) => join(folder, path))
    .sort();
}

export function allPages(): Page[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...top, ...filesBelow('docs', '.md'), ...filesBelow('providers', '.md')].map((path) => ({
    path,
    text: readFileSync(join(root, path), 'utf8'),
  }));
}

export function blocksOf({ path, text }: Page): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let start = 0; start < lines.length; start++) {
    const language = /^```(\w+)/.exec(lines[start] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', start + 1);
    blocks.push({ page: path, line: start + 1, language, code: `${lines.slice(start + 1, end).join('\n')}\n`, before: lines[start - 1] ?? '' });
    start = end;
  }
  return blocks;
}
