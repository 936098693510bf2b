// 4. Outbound loop
import type { Removal } from './removal.ts';

export const outbound: readonly Removal[] = [
  {
    number: 'M-038',
    file: 'src/store/operations/read.ts',
    find: 'shown(record, operation.tables.leases(sequence), operation.now);',
    replace: 'shown(record, [], operation.now);',
    why: 'nobody sees that a message is locked',
  },
  {
    number: 'M-039',
    file: 'src/spooler/outbound.ts',
    find: 'return sessions.ordered.filter((session) => session.sends(engine.clock))',
    replace: 'if (!sessions.ordered.every((session) => session.sends(engine.clock))) return [];\n    return sessions.ordered',
    why: 'one session that is down stops the others',
  },
  {
    number: 'M-040',
    file: 'src/spooler/route-planner.ts',
    find: 'session.routing ?? []',
    replace: '(session.transport && session.routing) ?? []',
    why: 'mail for a session that is not logged on has no route',
  },
  {
    number: 'M-040',
    file: 'src/spooler/route-planner.ts',
    find: 'if (!session) return this.#sessions.someUnknown ?',
    replace: 'if (!session) return this.#sessions.all.length > 0 ?',
    why: 'a recipient that nobody carries waits',
  },
  {
    number: 'M-041',
    file: 'src/store/schedule.ts',
    find: 'rows.every((row) => !isSentTo(row) || isFinal(row.status.state));',
    replace: 'rows.some((row) => isFinal(row.status.state));',
    why: 'a message is finished when its first recipient is final',
  },
  {
    number: 'M-042',
    file: 'src/spooler/spooler.ts',
    find: 'session.suspended = suspended;',
    replace: '',
    why: 'suspend stops nothing',
  },
  {
    number: 'M-043',
    file: 'src/spooler/delivery.ts',
    find: "this.#parts.finishesApart(claim) ? 'release' :",
    replace: "claim.message.recipients.length > 1000 ? 'release' :",
    why: 'a message is filed before cleanup and postprocessors',
  },
  {
    number: 'M-044',
    file: 'src/store/operations/filing.ts',
    find: 'folder: moveTo ?? record.folder',
    replace: 'folder: record.folder',
    why: 'a sent message is not moved',
  },
  {
    number: 'M-044',
    file: 'src/store/operations/filing.ts',
    find: 'return gone ?',
    replace: 'return gone && moveTo === undefined ?',
    why: 'with both set a message is moved and not deleted',
  },
  {
    number: 'M-045',
    file: 'src/store/operations/settle.ts',
    find: "if ('from' in given && typeof then === 'object') throw",
    replace: "if ('from' in given && typeof then === 'object' && id.length > 1000) throw",
    why: 'whoever likes files a message',
  },
  {
    number: 'M-046',
    file: 'src/spooler/outbound-message.ts',
    find: 'Object.assign(this, { properties: { ...this.properties, ...properties } });',
    replace: 'Object.assign(this.properties, properties);',
    why: 'what a transport stamps is on every copy',
  },
  {
    number: 'M-047',
    file: 'src/message/composed.ts',
    find: "singleLines(given, 'properties');",
    replace:
      "singleLines(given, 'properties');\n  if (Object.keys(given).some((name) => name.startsWith('x-'))) throw new MailspoolError('EINVALID', 'a property cannot be carried', { field: 'properties' });",
    why: 'a property that cannot be carried fails the send',
  },
  {
    number: 'M-048',
    file: 'src/message/tnef/expand.ts',
    find: "if (header && correlationKey && header !== correlationKey.trim()) return { result: 'foreign' };",
    replace: '',
    why: 'a TNEF part of another message is decoded',
  },
  {
    number: 'M-048',
    file: 'src/message/tnef/expand.ts',
    find: 'if (header && correlationKey && header',
    replace: 'if (header',
    why: 'a TNEF part without a correlation key is ignored',
  },
];
