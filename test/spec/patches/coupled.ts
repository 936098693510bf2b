// 14. Tightly coupled stores, remote transports
import type { Removal } from './removal.ts';

export const coupled: readonly Removal[] = [
  {
    number: 'M-109',
    file: 'src/spooler/route-planner.ts',
    find: "if (this.#isStores(recipient)) return { plan: 'store' };",
    replace: '',
    why: 'the spooler routes what the store delivers itself',
  },
  {
    number: 'M-109',
    file: 'src/spooler/store-link.ts',
    find: "await this.#filed(entryId, 'received');",
    replace: '',
    why: 'newMailReceived answers before the message is filed',
  },
  {
    number: 'M-110',
    file: 'src/store/operations/receive.ts',
    find: 'if (!record?.headersOnly || message.headersOnly) return',
    replace: 'if (!record?.headersOnly || !message.headersOnly) return',
    why: 'a message whose headers are here is never completed',
  },
  {
    number: 'M-110',
    file: 'src/store/operations/receive.ts',
    find: 'const { headersOnly: _only, finishedAt: _filed,',
    replace: 'const { headersOnly: _only,',
    why: 'a message that is completed is not announced',
  },
  {
    number: 'M-110',
    file: 'src/spooler/status-objects.ts',
    find: "if (task === 'refreshHeaders') await clearMarks(",
    replace: "if (task === 'abort') await clearMarks(",
    why: 'refreshHeaders leaves the marks',
  },
  {
    number: 'M-110',
    file: 'src/spooler/marked-messages.ts',
    find: "if (mark === 'delete' && message.headersOnly) return await this.#write({ id, then: 'remove' });",
    replace: "if (mark === 'delete' && message.headersOnly) return await this.#write({ id, message: unmarked });",
    why: 'headers stay in the list when their message is deleted',
  },
];
