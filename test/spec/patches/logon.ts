// 1. Logon and registration
import type { Removal } from './removal.ts';

export const logon: readonly Removal[] = [
  {
    number: 'M-001',
    file: 'src/spooler/supervisor.ts',
    find: '    checkVersion(session);',
    replace: '',
    why: 'a provider of another contract version is logged on',
  },
  {
    number: 'M-002',
    file: 'src/spooler/sessions.ts',
    find: 'if (!on) mark(false);',
    replace: 'mark(on);',
    why: 'a direction is open before the session has heard of it',
  },
  {
    number: 'M-003',
    file: 'src/spooler/supervisor.ts',
    find: 'inbound: false, outbound: false, offline',
    replace: 'inbound: true, outbound: true, offline',
    why: 'logon opens both directions',
  },
  {
    number: 'M-004',
    file: 'src/spooler/inbound.ts',
    find: "return transport.reception === 'notify' ? defaultFallbackIntervalMs : defaultPollIntervalMs;",
    replace: 'return defaultPollIntervalMs / 60;',
    why: 'a session is polled every second',
  },
  {
    number: 'M-006',
    file: 'src/spooler/loops.ts',
    find: 'interactive = false,',
    replace: 'interactive = true,',
    why: 'providers may prompt though nobody said so',
  },
  {
    number: 'M-007',
    file: 'src/spooler/supervisor.ts',
    find: 'if (session.isDropped) return Number.POSITIVE_INFINITY;',
    replace: '',
    why: 'a provider that is out by itself is tried again',
  },
  {
    number: 'M-008',
    file: 'src/spooler/supervisor.ts',
    find: 'for (const sibling of siblings(session)) gate(sibling, closed);',
    replace: 'for (const sibling of siblings(session).slice(0, 0)) gate(sibling, closed);',
    why: 'a refusal leaves the other providers of the account alone',
  },
  {
    number: 'M-009',
    file: 'src/spooler/supervisor.ts',
    find: 'if (failures === 1 && !signal.aborted &&',
    replace: 'if (failures === 0 && !signal.aborted &&',
    why: 'an unconfigured provider is not configured',
  },
  {
    number: 'M-010',
    file: 'src/spooler/support.ts',
    find: 'const sectionPrefix = (session: SessionKey): string => `session/${session}/`;',
    replace: "const sectionPrefix = (_session: SessionKey): string => 'session/';",
    why: 'sessions share their profile sections',
  },
  {
    number: 'M-010',
    file: 'src/spooler/support.ts',
    find: "if (!stored && access === 'read') throw",
    replace: "if (!stored && access === 'read' && name === '') throw",
    why: 'a section that is not there opens for reading',
  },
];
