// 5. Preprocessing
import type { Removal } from './removal.ts';

export const preprocessing: readonly Removal[] = [
  {
    number: 'M-049',
    file: 'src/spooler/preparation.ts',
    find: 'message: preprocessed ? { ...changes, submitState: { locked: false, preprocess: false } } : {},',
    replace: 'message: preprocessed ? changes : {},',
    why: 'the flag stays after the preprocessors ran',
  },
  {
    number: 'M-050',
    file: 'src/spooler/processors.ts',
    find: 'return byType || (match.uid !== undefined && match.uid === recipient.uid);',
    replace: 'return byType && (match.uid === undefined || match.uid === recipient.uid);',
    why: 'type and UID must both match',
  },
  {
    number: 'M-051',
    file: 'src/spooler/processors.ts',
    find: 'place(by) < place(session)',
    replace: 'place(by) < -1',
    why: 'a preprocessor runs for what an earlier transport takes',
  },
  {
    number: 'M-052',
    file: 'src/spooler/processors.ts',
    find: '.toSorted((a, b) => place(a.session) - place(b.session))',
    replace: '.toSorted((a, b) => place(b.session) - place(a.session))',
    why: 'the order of the transports does not count',
  },
  {
    number: 'M-052',
    file: 'src/spooler/preparation.ts',
    find: 'const result = await preprocessor.preprocess(handle, signal);',
    replace: 'const running = preprocessor.preprocess(handle, signal);\n        const result = applicable.length > 1 ? void running : await running;',
    why: 'preprocessors are not awaited',
  },
  {
    number: 'M-053',
    file: 'src/spooler/preprocess-message.ts',
    find: '...(this.#list && { recipients: this.#list })',
    replace: '...(this.#list?.length && { recipients: this.#list })',
    why: 'a message whose recipients were taken away is sent all the same',
  },
  {
    number: 'M-054',
    file: 'src/spooler/preparation.ts',
    find: 'if (refused) return',
    replace: 'if (refused && row.attempts > 1000) return',
    why: 'a recipient that a preprocessor calls undeliverable is sent to',
  },
  {
    number: 'M-055',
    file: 'src/spooler/finishing.ts',
    find: 'await preprocessor.cleanup?.(message, signal);',
    replace: 'await (preprocessor.cleanup && undefined);',
    why: 'there is no cleanup',
  },
  {
    number: 'M-055',
    file: 'src/spooler/finishing.ts',
    find: 'cleanup && preprocessedBy.includes(name)',
    replace: 'cleanup && preprocessedBy.length >= 0',
    why: 'cleanup runs also for what was not preprocessed',
  },
];
