// Names of queues: path names (`host\private$\orders`) and format names (`DIRECT=OS:host\private$\orders`), as in
// MS-MQMQ section 2.1. Both parse and print back; what cannot be opened fails when it is opened.
import { MailspoolError } from 'mailspool/provider';

/** A queue on a computer. */
export interface QueuePath {
  /** `.`: this computer. */
  readonly host: string;
  readonly kind: 'public' | 'private' | 'system';
  readonly name: string;
}

export type SystemQueue = 'JOURNAL' | 'DEADLETTER' | 'DEADXACT';

export type FormatName =
  | {
      readonly kind: 'direct';
      readonly protocol: 'OS' | 'TCP' | 'HTTP' | 'HTTPS';
      readonly path: QueuePath;
      /** The journal of that queue. */
      readonly journal?: true;
    }
  | { readonly kind: 'machine'; readonly machine: string; readonly system: SystemQueue }
  | { readonly kind: 'public'; readonly queue: string; readonly journal?: true }
  | { readonly kind: 'private'; readonly machine: string; readonly number: string; readonly journal?: true }
  | { readonly kind: 'distributionList'; readonly list: string }
  | { readonly kind: 'connector'; readonly site: string; readonly transactional?: true }
  | { readonly kind: 'multicast'; readonly address: string; readonly port: number }
  /** One send puts a copy in each (Q-005). */
  | { readonly kind: 'list'; readonly elements: readonly FormatName[] };

const maxNameLength = 124;
const maxHostLength = 256;
const systemQueues: readonly SystemQueue[] = ['JOURNAL', 'DEADLETTER', 'DEADXACT'];
const guid = /^\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?$/i;

/** `host\name`, `host\private$\name`, `host\system$;name` (Q-001). @throws EINVALID: an illegal path */
export function parseQueuePath(path: string): QueuePath {
  const at = path.indexOf('\\');
  const [host, rest] = [path.slice(0, at), path.slice(at + 1)];
  if (at < 1) throw illegal(path, 'is not of the form host\\name, host\\private$\\name or host\\system$;name');
  if (host.length > maxHostLength || /[\s\\;+,"/]/.test(host)) throw illegal(path, `has no host name of 1 to ${maxHostLength} characters`);
  const [, system] = /^system\$;(.*)$/i.exec(rest) ?? [];
  if (system !== undefined) {
    if (!systemQueues.includes(system.toUpperCase() as SystemQueue))
      throw illegal(path, `names none of the system queues ${systemQueues.join(', ')}`);
    return { host, kind: 'system', name: system.toUpperCase() };
  }
  const [, ownName] = /^private\$\\(.*)$/is.exec(rest) ?? [];
  const name = ownName ?? rest;
  // Control characters would not survive a header.
  if (name === '' || name.length > maxNameLength || /[\\;+,"\p{Cc}]/u.test(name))
    throw illegal(path, `has no queue name of 1 to ${maxNameLength} characters without \\ ; + , " (Q-002)`);
  return { host, kind: ownName === undefined ? 'public' : 'private', name };
}

export function formatQueuePath({ host, kind, name }: QueuePath): string {
  switch (kind) {
    case 'public':
      return `${host}\\${name}`;
    case 'private':
      return `${host}\\private$\\${name}`;
    case 'system':
      return `${host}\\system$;${name}`;
  }
}

/** The same for names that differ in letter case only; without the host. */
export const queueKey = ({ kind, name }: QueuePath): string => formatQueuePath({ host: '', kind, name }).slice(1).toLowerCase();

/** A path name stands for its direct format name. @throws EINVALID: an illegal format name */
export function parseFormatName(text: string): FormatName {
  if (!/^[a-z]+=/i.test(text)) return { kind: 'direct', protocol: 'OS', path: parseQueuePath(text) };
  const elements = text.split(',').map((element) => parseElement(element.trim(), text));
  const [only] = elements;
  return elements.length === 1 && only ? only : { kind: 'list', elements };
}

function parseElement(text: string, whole: string): FormatName {
  const [, prefix = '', rest = ''] = /^([a-z]+)=(.*)$/is.exec(text) ?? [];
  switch (prefix.toUpperCase()) {
    case 'DIRECT':
      return parseDirect(rest, whole);
    case 'MACHINE': {
      const [machine = '', system = ''] = rest.split(';');
      if (!guid.test(machine) || !systemQueues.includes(system.toUpperCase() as SystemQueue)) break;
      return { kind: 'machine', machine, system: system.toUpperCase() as SystemQueue };
    }
    case 'PUBLIC': {
      const { name: queue, ...journal } = withoutJournal(rest);
      if (!guid.test(queue)) break;
      return { kind: 'public', queue, ...journal };
    }
    case 'PRIVATE': {
      const { name, ...journal } = withoutJournal(rest);
      const [machine = '', number = ''] = name.split('\\');
      if (!guid.test(machine) || !/^[0-9a-f]{1,8}$/i.test(number)) break;
      return { kind: 'private', machine, number, ...journal };
    }
    case 'DL':
      if (!guid.test(rest.split('@')[0] ?? '')) break;
      return { kind: 'distributionList', list: rest };
    case 'CONNECTOR': {
      const [site = '', only] = rest.split(';');
      if (!guid.test(site) || (only !== undefined && only.toUpperCase() !== 'XACTONLY')) break;
      return { kind: 'connector', site, ...(only !== undefined && { transactional: true }) };
    }
    case 'MULTICAST': {
      const [, address = '', port = ''] = /^(\d+\.\d+\.\d+\.\d+):(\d+)$/.exec(rest) ?? [];
      if (address === '' || Number(port) > 65_535) break;
      return { kind: 'multicast', address, port: Number(port) };
    }
  }
  throw illegal(whole, `has an element that is no format name: ${text}`);
}

function parseDirect(rest: string, whole: string): FormatName {
  const [, protocol = '', place = ''] = /^(os|tcp|https?):(.*)$/is.exec(rest) ?? [];
  if (protocol === '') throw illegal(whole, 'has a direct name without OS:, TCP:, HTTP: or HTTPS:');
  const isSystem = /\\system\$;/i.test(place);
  const { name, ...journal } = isSystem ? { name: place } : withoutJournal(place);
  return { kind: 'direct', protocol: protocol.toUpperCase() as 'OS', path: parseQueuePath(name), ...journal };
}

function withoutJournal(text: string): { readonly name: string; readonly journal?: true } {
  return /;journal$/i.test(text) ? { name: text.slice(0, -';journal'.length), journal: true } : { name: text };
}

export function printFormatName(format: FormatName): string {
  const journal = 'journal' in format ? ';JOURNAL' : '';
  switch (format.kind) {
    case 'direct': {
      const { path, protocol } = format;
      return `DIRECT=${protocol}:${path.kind === 'system' ? `${path.host}\\SYSTEM$;${path.name}` : formatQueuePath(path)}${journal}`;
    }
    case 'machine':
      return `MACHINE=${format.machine};${format.system}`;
    case 'public':
      return `PUBLIC=${format.queue}${journal}`;
    case 'private':
      return `PRIVATE=${format.machine}\\${format.number}${journal}`;
    case 'distributionList':
      return `DL=${format.list}`;
    case 'connector':
      return `CONNECTOR=${format.site}${format.transactional ? ';XACTONLY' : ''}`;
    case 'multicast':
      return `MULTICAST=${format.address}:${format.port}`;
    case 'list':
      return format.elements.map(printFormatName).join(',');
  }
}

const illegal = (text: string, why: string): MailspoolError => new MailspoolError('EINVALID', `the queue name ${text} ${why}`, { field: 'path' });
