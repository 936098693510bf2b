// 9. Inbound: polling, notify, startMessage
import type { Removal } from './removal.ts';

export const inbound: readonly Removal[] = [
  {
    number: 'M-078',
    file: 'src/spooler/session.ts',
    find: " && transport.reception !== 'none'",
    replace: '',
    why: 'a session that neither polls nor notifies is asked for mail',
  },
  {
    number: 'M-078',
    file: 'src/spooler/inbound.ts',
    find: '(await this.#poll(session));',
    replace: '((await this.#poll(session)) && this.#stopping);',
    why: 'a poll that says true leads to nothing',
  },
  {
    number: 'M-079',
    file: 'src/spooler/session.ts',
    find: 'return this.inboundOn && !this.suspended && transport?.startMessage',
    replace: 'return transport?.startMessage',
    why: 'mail is received while inbound is off',
  },
  {
    number: 'M-079',
    file: 'src/spooler/inbound.ts',
    find: 'if (!session.receives(engine.clock)) this.#receptions.delete(session);',
    replace: "if (session.key === '') this.#receptions.delete(session);",
    why: 'what was told while inbound was off is fetched late',
  },
  {
    number: 'M-080',
    file: 'src/spooler/turns.ts',
    find: 'if (!this.#queue.includes(key)) this.#queue.push(key);',
    replace: 'this.#queue.push(key);',
    why: 'each newMail is a turn of its own',
  },
  {
    number: 'M-081',
    file: 'src/spooler/received-message.ts',
    find: '    ]);\n    this.goesOn = true;',
    replace: '    ]);',
    why: 'a message that is saved ends the round',
  },
  {
    number: 'M-082',
    file: 'src/spooler/received-message.ts',
    find: '    this.#revoked = true;',
    replace: '',
    why: 'the handle lives on after the call',
  },
  {
    number: 'M-083',
    file: 'src/spooler/received-message.ts',
    find: "name = name.slice(0, Math.max(0, name.lastIndexOf('.')))",
    replace: "name = ''",
    why: 'the folder of a parent class does not count',
  },
  {
    number: 'M-084',
    file: 'src/spooler/received-message.ts',
    find: 'new Map(rows.map((row) => [searchKey(row), row])).values()',
    replace: 'rows',
    why: 'a recipient is there twice',
  },
  {
    number: 'M-084',
    file: 'src/message/address-type.ts',
    find: '`${address.type}:${address.address}`.toUpperCase()',
    replace: '`${address.type}:${address.address}`',
    why: 'the search key is not in capitals',
  },
  {
    number: 'M-085',
    file: 'src/spooler/arrivals.ts',
    find: 'const wish = await filing({}, processors.post,',
    replace: 'const wish = await filing({}, processors.post.slice(0, 0),',
    why: 'no hook sees what arrived',
  },
  {
    number: 'M-085',
    file: 'src/store/operations/filing.ts',
    find: 'messageClass: properties.messageClass ?? defaultMessageClass,',
    replace: 'messageClass: defaultMessageClass,',
    why: 'the news do not tell the class',
  },
];
