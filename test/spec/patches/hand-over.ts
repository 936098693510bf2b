// 6. Submit, endMessage, resend, deferral
import type { Removal } from './removal.ts';

export const handOver: readonly Removal[] = [
  {
    number: 'M-056',
    file: 'src/spooler/delivery.ts',
    find: '      handOver.revoke();',
    replace: '',
    why: 'the handle lives on after the hand-over',
  },
  {
    number: 'M-056',
    file: 'src/spooler/delivery.ts',
    find: 'await transport.endMessage?.(reference, signal)',
    replace: "await transport.endMessage?.('0', signal)",
    why: 'endMessage is not told the reference',
  },
  {
    number: 'M-057',
    file: 'src/spooler/hand-over.ts',
    find: "if (diagnostic.code === 'ENOTME') return { outcome: 'notMine' };",
    replace: '',
    why: 'a message that a transport calls not its own goes to no other',
  },
  {
    number: 'M-057',
    file: 'src/spooler/settling.ts',
    find: "new Set(['EBUSY', 'EWAIT'])",
    replace: 'new Set([])',
    why: 'EBUSY spends an attempt',
  },
  {
    number: 'M-058',
    file: 'src/spooler/settling.ts',
    find: '(asked ?? policyMs)',
    replace: 'policyMs',
    why: 'nobody waits as long as the transport asks',
  },
  {
    number: 'M-059',
    file: 'src/spooler/hand-over.ts',
    find: 'await save(given);',
    replace: '',
    why: 'what a provider saves before it rejects is not kept',
  },
  {
    number: 'M-060',
    file: 'src/spooler/delivery.ts',
    find: "answer === 'resendNow' && resends <= resendNowLimit",
    replace: "answer === 'resendNow' && resends < 0",
    why: 'resendNow waits like resendLater',
  },
  {
    number: 'M-061',
    file: 'src/spooler/delivery.ts',
    find: "if (answer === 'hold') {",
    replace: "if (answer === 'hold' && unsent.length > 1000) {",
    why: 'what a provider wants to hold is tried again',
  },
  {
    number: 'M-061',
    file: 'src/spooler/outbound.ts',
    find: 'this.#delivery.handOver(session, handOver, true)',
    replace: 'this.#delivery.handOver(session, handOver, false)',
    why: 'what was kept back does not go out as deferred',
  },
  {
    number: 'M-062',
    file: 'src/store/schedule.ts',
    find: "    case 'held':\n    case 'uncertain':",
    replace: "    case 'held':\n      return 0;\n    case 'uncertain':",
    why: 'what is held is offered again',
  },
  {
    number: 'M-063',
    file: 'src/spooler/report-writer.ts',
    find: 'isPermitted(now, change)',
    replace: 'change.length > 0',
    why: 'a recipient of whom was told is reported again',
  },
  {
    number: 'M-063',
    file: 'src/spooler/delivery.ts',
    find: '    session.probing = false;',
    replace:
      "    session.probing = false;\n        if (result.outcomes.some(({ outcome }) => outcome === 'notSent')) this.#parts.sessions.gate(session, { reason: 'throttled' });",
    why: 'one message that must wait holds up the next',
  },
  {
    number: 'M-056',
    file: 'src/spooler/delivery.ts',
    find: "if (session.transport !== transport) return 'sent';",
    replace: '',
    why: 'endMessage goes to a session that logged on later',
  },
  {
    number: 'M-061',
    file: 'src/spooler/delivery.ts',
    find: 'if (cancelledAgain) return',
    replace: 'if (cancelledAgain && outcomes.length > 1000) return',
    why: 'a deferred hand-over that is cancelled is tried again',
  },
];
