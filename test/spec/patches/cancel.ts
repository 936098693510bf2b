// 8. Cancel and abort
import type { Removal } from './removal.ts';

export const cancel: readonly Removal[] = [
  {
    number: 'M-072',
    file: 'src/store/operations/recipient-change.ts',
    find: 'if (guard.from && !guard.from.has(stateOf(guard, before))) return false;',
    replace: '',
    why: 'a cancel takes what is under way',
  },
  {
    number: 'M-072',
    file: 'src/spooler/verbs.ts',
    find: "const waitingStates: readonly StateName[] = ['queued',",
    replace: 'const waitingStates: readonly StateName[] = [',
    why: 'what is queued cannot be cancelled',
  },
  {
    number: 'M-073',
    file: 'src/spooler/hand-over.ts',
    find: 'this.#controller.abort(reason);',
    replace: '',
    why: 'the signal of a hand-over never aborts',
  },
  {
    number: 'M-074',
    file: 'src/spooler/outbound-message.ts',
    find: "reference = '0';",
    replace: "reference = '1';",
    why: 'a hand-over without a reference is not 0',
  },
  {
    number: 'M-074',
    file: 'src/spooler/received-message.ts',
    find: "reference = '1';",
    replace: "reference = '0';",
    why: 'a reception without a reference is not 1',
  },
  {
    number: 'M-075',
    file: 'src/spooler/support.ts',
    find: 'this.signal.aborted || this.#target.isCancelled(this.#session) ?',
    replace: 'this.signal.aborted ?',
    why: 'yield does not tell of a cancel',
  },
  {
    number: 'M-076',
    file: 'src/spooler/deferrals.ts',
    find: 'changed.includes(row.id) && keeps(session, row)',
    replace: 'changed.includes(row.id) && row.id > 1000 && keeps(session, row)',
    why: 'nobody hears that a held message was cancelled',
  },
  {
    number: 'M-076',
    file: 'src/spooler/deferrals.ts',
    find: 'if (kept.length > 0) await this.#abort(session, id);',
    replace: '',
    why: 'a session that logs off does not hear what to forget',
  },
  {
    number: 'M-077',
    file: 'src/spooler/inbound.ts',
    find: 'for (const call of this.#calls) call.abort(reason);',
    replace: '',
    why: 'nobody tells the transport that reception is broken off',
  },
  {
    number: 'M-077',
    file: 'src/spooler/inbound.ts',
    find: '      message.revoke();',
    replace: '',
    why: 'what arrives after reception was broken off is saved',
  },
  {
    number: 'M-073',
    file: 'src/store/operations/settle.ts',
    find: 'if (guard && settlement.cancelRequested) requestCancel(operation, sequence);',
    replace: '',
    why: 'another spooler does not hear of a cancel',
  },
  {
    number: 'M-076',
    file: 'src/spooler/deferrals.ts',
    find: 'if (session.transport?.endMessage) await',
    replace: 'if (session.transport) await',
    why: 'also who keeps nothing back hears abortDeferred',
  },
];
