// 13. Logoff and shutdown
import type { Removal } from './removal.ts';

export const logoff: readonly Removal[] = [
  {
    number: 'M-105',
    file: 'src/spooler/supervisor.ts',
    find: '    life.abort(over);\n    this.#shared.loggedOff(session);',
    replace: '    this.#shared.loggedOff(session);',
    why: 'the handles of a session work after its logoff',
  },
  {
    number: 'M-105',
    file: 'src/spooler/sessions.ts',
    find: '        session.rows.clear();\n',
    replace: '',
    why: 'rows of a session outlive it',
  },
  {
    number: 'M-106',
    file: 'src/spooler/sessions.ts',
    find: 'async () => await provider.shutdown?.()',
    replace: 'async () => undefined',
    why: 'a provider is not shut down',
  },
  {
    number: 'M-107',
    file: 'src/spooler/spooler.ts',
    find: "options.mode === 'quiet' || options.mode === 'abort'",
    replace: "options.mode === 'quiet' && options.drainMs === -1",
    why: 'abort and quiet do not refuse',
  },
  {
    number: 'M-107',
    file: 'src/spooler/loops.ts',
    find: "if (mode === 'purge') await flush(",
    replace: "if (mode === 'purge' && drainMs === -1) await flush(",
    why: 'purge sends and fetches nothing',
  },
  {
    number: 'M-108',
    file: 'src/spooler/spooler.ts',
    find: 'return this.#left(false,',
    replace: 'return this.#left(true,',
    why: 'a stop that refuses calls itself complete',
  },
];
