// 12. Hooks and postprocessing
import type { Removal } from './removal.ts';

export const hooks: readonly Removal[] = [
  {
    number: 'M-103',
    file: 'src/spooler/finishing.ts',
    find: '    if (stop) break;',
    replace: '',
    why: 'stop skips no later hook',
  },
  {
    number: 'M-103',
    file: 'src/spooler/finishing.ts',
    find: 'wishes = { ...wishes, ...wish };',
    replace: 'wishes = { ...wish, ...wishes };',
    why: 'the first move wins',
  },
  {
    number: 'M-104',
    file: 'src/spooler/finishing.ts',
    find: 'return result.delete ? { delete: true } : result;',
    replace: 'const { delete: _gone, ...kept } = result;\n  return kept;',
    why: 'a hook cannot have a message deleted',
  },
];
