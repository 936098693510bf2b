// 2. Address types and responsibility
import type { Removal } from './removal.ts';

export const addressTypes: readonly Removal[] = [
  {
    number: 'M-014',
    file: 'src/spooler/sessions.ts',
    find: 'const key = typesKey(session.key);',
    replace: 'session.types = known.types ?? session.types;\n      const key = typesKey(session.key);',
    why: 'a change of configuration changes no address types',
  },
  {
    number: 'M-015',
    file: 'src/spooler/routing.ts',
    find: 'types?.includes(type)',
    replace: 'types?.some((one) => type.startsWith(one))',
    why: 'an address type matches by its beginning',
  },
  {
    number: 'M-016',
    file: 'src/spooler/routing.ts',
    find: '    ...open.filter(({ uids }) => uid !== undefined && uids.includes(uid)),\n    ...open.filter(({ types }) => types?.includes(type)),\n',
    replace: '    ...open.filter(({ types, uids }) => types?.includes(type) || (uid !== undefined && uids.includes(uid))),\n',
    why: 'UIDs and types are scanned together, in the order of the sessions',
  },
  {
    number: 'M-017',
    file: 'src/spooler/settling.ts',
    find: "status: { state: 'queued' }, route: null, passed: route.session",
    replace: "status: { state: 'failed', at: now, diagnostic: { code: 'ENOROUTE', text: 'nobody took it' } }",
    why: 'what the first match leaves goes to no other',
  },
  {
    number: 'M-018',
    file: 'src/spooler/preparation.ts',
    find: "return { recipient, status: { state: 'failed', at, diagnostic: plan.diagnostic }, last: plan.diagnostic };",
    replace: "return { recipient, status: { state: 'cancelled', at }, last: plan.diagnostic };",
    why: 'a recipient that nobody takes ends without a report',
  },
  {
    number: 'M-019',
    file: 'src/spooler/routing.ts',
    find: '    ...open.filter(({ types }) => types?.includes(type)),\n    ...open.filter(({ types }) => types === null),\n',
    replace: '    ...open.filter(({ types }) => types === null || types.includes(type)),\n',
    why: 'a smart host is not placed last',
  },
  {
    number: 'M-020',
    file: 'src/spooler/routing.ts',
    find: 'return [...sessions.filter(({ preferLast }) => !preferLast), ...sessions.filter(({ preferLast }) => preferLast)];',
    replace: 'return [...sessions];',
    why: 'preferLast has no effect',
  },
  {
    number: 'M-021',
    file: 'src/spooler/sessions.ts',
    find: 'if (order.length !== this.all.length || new Set(order).size !== order.length)',
    replace: 'if (order.length > this.all.length)',
    why: 'an order that leaves sessions out is taken',
  },
  {
    number: 'M-022',
    file: 'src/spooler/outbound-message.ts',
    find: 'this.recipients = rows;',
    replace: 'this.recipients = recipients;',
    why: 'a provider is told to send to everybody',
  },
  {
    number: 'M-023',
    file: 'src/spooler/settling.ts',
    find: "  outcome: 'unknown',\n  diagnostic: { code: 'EFORGOTTEN'",
    replace: "  outcome: 'rejected',\n  diagnostic: { code: 'EFORGOTTEN'",
    why: 'a row that a result forgets counts as refused',
  },
  {
    number: 'M-024',
    file: 'src/spooler/spooler.ts',
    find: 'this.#loops.sessions.all.filter(({ transport }) => transport)',
    replace: 'this.#loops.sessions.all',
    why: 'address types of sessions that are not logged on are listed',
  },
];
