// Mailslot names: `\\.\mailslot\taxes\bob` on this computer, `\\host\…`, `\\domain\…`, `\\*\…` on others.
import { MailspoolError } from 'mailspool/provider';

export type MailslotScope = 'local' | 'host' | 'domain' | 'primary-domain';

/** A parsed mailslot name (Win32 page *Mailslot Names*). */
export interface MailslotAddress {
  readonly scope: MailslotScope;
  /** The host or domain, as it was written; only with those two scopes. */
  readonly target?: string;
  /** Pseudo-directories and the name, as they were written. Letter case means nothing (S-003). */
  readonly path: readonly string[];
}

export interface ParseMailslotNameOptions {
  /** Targets that are domains; every other is a host. The name itself does not tell. */
  readonly domains?: Iterable<string>;
}

/** NetBIOS names have no more (MS-MAIL 3.2.3). */
export const maxTargetLength = 15;
/** As much as the frame's length byte says. */
const maxPathLength = 255;

/**
 * Slashes may lean either way.
 * @throws EINVALID
 */
export function parseMailslotName(name: string, { domains = [] }: ParseMailslotNameOptions = {}): MailslotAddress {
  const [, target, rest] = /^[\\/]{2}([^\\/]+)[\\/]mailslot[\\/](.*)$/is.exec(name) ?? [];
  if (target === undefined || rest === undefined)
    throw invalid(name, 'is not of the form \\\\.\\mailslot\\name, \\\\host\\mailslot\\name or \\\\*\\mailslot\\name');
  const path = rest.split(/[\\/]/);
  const address: MailslotAddress =
    target === '.'
      ? { scope: 'local', path }
      : target === '*'
        ? { scope: 'primary-domain', path }
        : { scope: holds(domains, target) ? 'domain' : 'host', target, path };
  check(address, name);
  return address;
}

/** The canonical spelling; parsing it gives the address back. @throws EINVALID */
export function formatMailslotName(address: MailslotAddress): string {
  const { scope, target = '', path } = address;
  const name = `\\\\${scope === 'local' ? '.' : scope === 'primary-domain' ? '*' : target}\\mailslot\\${path.join('\\')}`;
  check(address, name);
  return name;
}

/** The same for names that differ in letter case only (S-003). */
export const slotKey = (path: readonly string[]): string => path.join('\\').toLowerCase();

/** Targets are compared without letter case, too. */
export const targetKey = (target: string): string => target.toLowerCase();
export const sameTarget = (one: string, other: string): boolean => targetKey(one) === targetKey(other);

const holds = (targets: Iterable<string>, target: string): boolean => [...targets].some((one) => sameTarget(one, target));

function check({ scope, target, path }: MailslotAddress, name: string): void {
  if (path.length === 0 || path.some((segment) => segment === '')) throw invalid(name, 'has an empty segment after \\mailslot\\');
  if (path.some((segment) => /[\\/\p{Cc}*?"<>|]/u.test(segment))) throw invalid(name, 'has a character that no name may have');
  if (slotKey(path).length > maxPathLength) throw invalid(name, `is longer than ${maxPathLength} characters`);
  if (scope === 'local') return;
  // Names on the wire are ASCII (MS-MAIL 3.2.3).
  if (!isPrintableAscii(path.join(''))) throw invalid(name, 'has characters outside ASCII, which only names on this computer may have');
  if (scope === 'primary-domain') return;
  if (!target || !isPrintableAscii(target) || /[\s\\/.*?"<>|:]/.test(target))
    throw invalid(name, 'has a host or domain with characters that no NetBIOS name may have');
  if (target.length > maxTargetLength) throw invalid(name, `has a host or domain of more than ${maxTargetLength} characters`);
}

const isPrintableAscii = (text: string): boolean => /^[\u0020-\u007e]*$/.test(text);

const invalid = (name: string, why: string): MailspoolError => new MailspoolError('EINVALID', `the mailslot name ${name} ${why}`, { field: 'name' });
