// 14. Tightly coupled stores, remote transports
import type { Removal } from './removal.ts';

export const coupled: readonly Removal[] = [
  {
    number: 'M-109',
    file: 'src/spooler/store-link.ts',
    find: "await this.#filed(entryId, 'received');",
    replace: '',
    why: 'mail that a coupled store has received goes past the hooks',
  },
  {
    number: 'M-110',
    file: 'src/store/operations/receive.ts',
    find: 'if (!record?.headersOnly || message.headersOnly) return {',
    replace: "if (record) return { id, result: 'existing' };\n  if (!record || message.headersOnly) return {",
    why: 'a message whose headers are here is never completed',
  },
  {
    number: 'M-110',
    file: 'src/store/operations/receive.ts',
    find: 'const { headersOnly: _only, finishedAt: _filed,',
    replace: 'const { headersOnly: _only,',
    why: 'a message that is completed is not announced',
  },
];
