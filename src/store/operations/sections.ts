// Durable profile: compare-and-set on the version (U-053). A section that has expired is as good as absent.
import type { Section } from '../message-store.ts';
import type { Operation } from './operation.ts';

export const load = (operation: Operation, keys: readonly string[]): (Section | undefined)[] => keys.map((key) => current(operation, key));

/** Each is judged by itself. */
export const save = (operation: Operation, sections: readonly Section[]): boolean[] =>
  sections.map((section) => {
    if ((current(operation, section.key)?.version ?? 0) !== section.version) return false;
    operation.tables.putSection({ ...section, version: section.version + 1 });
    return true;
  });

function current(operation: Operation, key: string): Section | undefined {
  const section = operation.tables.section(key);
  return section && (section.expiresAt ?? Number.POSITIVE_INFINITY) > operation.now ? section : undefined;
}
