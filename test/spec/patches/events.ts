// 10. Spooler events, critical sections, idle
import type { Removal } from './removal.ts';

export const events: readonly Removal[] = [
  {
    number: 'M-087',
    file: 'src/spooler/outbound.ts',
    find: 'for (const lane of this.#lanes.values()) if (!lane.session.sends(this.#parts.engine.clock)) this.#giveBack(lane);',
    replace:
      "for (const lane of this.#lanes.values())\n        if (!lane.session.sends(this.#parts.engine.clock)) {\n          this.#giveBack(lane);\n          for (const handOver of lane.inHand) handOver.abort(Object.assign(new Error('off'), { code: 'ESTOPPED' }) as never);\n        }",
    why: 'off stops the hand-over in progress',
  },
  {
    number: 'M-087',
    file: 'src/spooler/inbound.ts',
    find: 'if (!session.receives(engine.clock)) this.#receptions.delete(session);',
    replace: "if (!session.receives(engine.clock)) for (const call of this.#calls) call.abort(new Error('off'));",
    why: 'off stops the reception in progress',
  },
  {
    number: 'M-089',
    file: 'src/spooler/sessions.ts',
    find: '        session.openGate();\n        session.probing = false;',
    replace: '        session.probing = false;',
    why: 'a transport that says it is ready waits behind its gate',
  },
  {
    number: 'M-090',
    file: 'src/spooler/sessions.ts',
    find: 'if (before && !isDeepStrictEqual(before, session.types)) await',
    replace: 'if (!session) await',
    why: 'mail is handed to a session that carries something else since the restart',
  },
  {
    number: 'M-090',
    file: 'src/spooler/sessions.ts',
    find: "this.#background('configChange', this.reread(session));",
    replace: '',
    why: 'a change of configuration is not looked at',
  },
  {
    number: 'M-091',
    file: 'src/spooler/supervisor.ts',
    find: 'if (!reason?.critical) await quietly(engine, `logoff',
    replace: 'await quietly(engine, `logoff',
    why: 'a session is logged off after its critical error',
  },
  {
    number: 'M-092',
    file: 'src/spooler/sessions.ts',
    find: "session.critical = news.type === 'enterCritical';",
    replace: 'session.critical = false;',
    why: 'a critical section changes nothing',
  },
  {
    number: 'M-094',
    file: 'src/spooler/support.ts',
    find: '    await nextTurn();',
    replace: '',
    why: 'yield lets nobody else run',
  },
  {
    number: 'M-086',
    file: 'providers/imap/session.ts',
    find: 'session.#enable(options.inbound && !options.offline);',
    replace: 'session.#enable(true);',
    why: 'the direction is open before its event',
  },
  {
    number: 'M-093',
    file: 'src/spooler/housekeeping.ts',
    find: 'if (!busy()) await idle(engine, sessions, signal);',
    replace: 'await idle(engine, sessions, signal);',
    why: 'idle comes while mail is under way',
  },
  {
    number: 'M-086',
    file: 'providers/imap/session.ts',
    find: '    this.#status.inbound(on);',
    replace: '',
    why: 'the row does not show that a direction is open',
  },
  {
    number: 'M-088',
    file: 'src/spooler/spooler.ts',
    find: 'await this.#loops.sessions.switch(session);',
    replace: 'if (!this.#loops.active) await this.#loops.sessions.switch(session);',
    why: 'no event reaches a session beside its pending calls',
  },
];
