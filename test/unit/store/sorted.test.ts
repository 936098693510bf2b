import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QueueTable } from '../../../src/store/memory/queue-table.ts';
import { SortedSet } from '../../../src/store/memory/sorted.ts';

describe('SortedSet', () => {
  it('holds what a set and a sort would', () => {
    const step = fc.record({ add: fc.boolean(), item: fc.integer({ min: 0, max: 2_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 3_000, size: 'max' }), fc.integer({ min: 0, max: 2_000 }), (steps, from) => {
        const sorted = new SortedSet<number>((a, b) => a - b);
        const plain = new Set<number>();
        for (const { add, item } of steps) {
          if (add) sorted.add(item);
          else sorted.delete(item);
          if (add) plain.add(item);
          else plain.delete(item);
        }
        const expected = [...plain].sort((a, b) => a - b);
        expect([...sorted]).toEqual(expected);
        expect([...sorted.from(from)]).toEqual(expected.filter((item) => item >= from));
        expect(sorted.first()).toBe(expected[0]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('QueueTable', () => {
  it('finds the same whatever the clock does', () => {
    const entry = fc.record({
      sequence: fc.integer({ min: 1, max: 50 }),
      dueAt: fc.integer({ min: 0, max: 20 }),
      priority: fc.integer({ min: -2, max: 2 }),
    });
    const step = fc.record({ entry, remove: fc.boolean(), now: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const table = new QueueTable();
        const plain = new Map<number, { sequence: number; dueAt: number; priority: number }>();
        for (const { entry, remove, now } of steps) {
          if (remove) table.remove(entry.sequence);
          else table.put(entry);
          if (remove) plain.delete(entry.sequence);
          else plain.set(entry.sequence, entry);
          const due = [...plain.values()].filter((one) => one.dueAt <= now).sort((a, b) => a.sequence - b.sequence);
          const later = [...plain.values()].filter((one) => one.dueAt > now).map((one) => one.dueAt);
          expect([...table.due(now, 'submitTime')]).toEqual(due.map((one) => one.sequence));
          expect([...table.due(now, 'priority')]).toEqual([...due].sort((a, b) => b.priority - a.priority).map((one) => one.sequence));
          expect(table.nextDue(now)).toBe(later.length === 0 ? undefined : Math.min(...later));
          expect(table.size).toBe(plain.size);
        }
      }),
      { numRuns: 100 },
    );
  });
});
