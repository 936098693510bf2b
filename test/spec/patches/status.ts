// 11. Status table, flush, validate, configuration
import type { Removal } from './removal.ts';

export const status: readonly Removal[] = [
  {
    number: 'M-096',
    file: 'src/spooler/sessions.ts',
    find: '...(merge ? before : blankColumns(session.provider.name))',
    replace: '...before',
    why: 'updateStatus always merges',
  },
  {
    number: 'M-097',
    file: 'src/spooler/status-objects.ts',
    find: 'if (!method) throw unsupported(key, name);',
    replace: 'if (!method) return (() => Promise.resolve()) as never;',
    why: 'a method that a session does not have answers',
  },
  {
    number: 'M-098',
    file: 'src/spooler/flushing.ts',
    find: '      if (request.outbound) await this.#outbound(session, signal);\n      if (request.inbound) await this.#inbound(session, request, signal);',
    replace:
      '      if (request.inbound) await this.#inbound(session, request, signal);\n      if (request.outbound) await this.#outbound(session, signal);',
    why: 'a flush fetches before it sends',
  },
  {
    number: 'M-099',
    file: 'src/spooler/session.ts',
    find: 'return this.transport.flush === undefined ||',
    replace: 'return this.transport !== undefined ||',
    why: 'clearing its flag does not stop a flush',
  },
  {
    number: 'M-100',
    file: 'src/spooler/flushing.ts',
    find: "if (this.#running) throw new MailspoolError('EBUSY', 'a flush is under way');",
    replace: '',
    why: 'two flushes at once',
  },
  {
    number: 'M-101',
    file: 'src/spooler/status-objects.ts',
    find: 'if (request.configChanged) await this.#parts.sessions.reread();',
    replace: '',
    why: 'validate rereads no address types',
  },
  {
    number: 'M-095',
    file: 'src/spooler/status-feed.ts',
    find: 'if (!this.#stopped) this.#broadcast.next(await this.#read());',
    replace: 'if (!this.#stopped && this.#broadcast === undefined) await this.#read();',
    why: 'a change of the table is not told',
  },
  {
    number: 'M-095',
    file: 'src/spooler/status-rows.ts',
    find: 'outboundEnabled: session.outboundOn,',
    replace: '',
    why: 'the row does not say whether outbound is open',
  },
  {
    number: 'M-095',
    file: 'src/spooler/status-rows.ts',
    find: '    subsystemRow(own),\n',
    replace: '',
    why: 'mailspool itself has no row',
  },
  {
    number: 'M-095',
    file: 'src/spooler/status-rows.ts',
    find: '    addressBookRow(own),\n',
    replace: '',
    why: 'the address book has no row',
  },
  {
    number: 'M-095',
    file: 'src/spooler/status-table.ts',
    find: 'some(({ tried }) => !tried)',
    replace: 'some(({ tried }) => !tried) && this.#changed === undefined',
    why: 'the first read does not wait for the logons',
  },
  {
    number: 'M-097',
    file: 'src/spooler/status-objects.ts',
    find: "if (row === 'addressBook') return without(row);",
    replace: "if (row === 'addressBook') return this.#ofSpooler();",
    why: 'the address book can be flushed',
  },
  {
    number: 'M-102',
    file: 'src/spooler/status-objects.ts',
    find: "await bound(session, 'changePassword')(old, fresh)",
    replace: "await bound(session, 'changePassword')(fresh, fresh)",
    why: 'the old password is not handed on',
  },
];
