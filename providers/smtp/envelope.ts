// Who a message goes to, as the wire has it: checked, with domains in A-labels, each address once. Nothing that was
// refused here ever reaches a connection.
import { domainToASCII } from 'node:url';
import type { OutboundMessage, Phase, Recipient, RecipientOutcome, ReportRequest } from 'mailspool/provider';

/** One RCPT command, and the recipients that it stands for. */
export interface Target {
  readonly address: string;
  readonly recipients: number[];
  /** Its local part is not ASCII: SMTPUTF8 is needed (RFC 6531). */
  readonly international: boolean;
  /** RFC 3461's NOTIFY and ORCPT. */
  readonly notify?: string;
  readonly originalRecipient?: string;
}

export interface Addressing {
  readonly from: string;
  readonly international: boolean;
  readonly targets: readonly Target[];
  readonly refused: readonly RecipientOutcome[];
}

interface WireAddress {
  readonly address: string;
  readonly international: boolean;
}

/** The envelope of a hand-over. What cannot be put on the wire is refused here, before any connection. */
export function addressing(message: OutboundMessage): Addressing {
  const from = message.returnPath === null ? { address: '', international: false } : wireAddress(message.returnPath.address);
  if (from === undefined)
    return nobody(message, 'mail', '5.1.7', `the sender ${JSON.stringify(message.returnPath?.address)} is no address that SMTP can carry`);
  if (message.envelopeId !== undefined && !/^[\x21-\x7e]{1,100}$/.test(message.envelopeId)) {
    return nobody(message, 'mail', '5.5.4', `the envelope id ${JSON.stringify(message.envelopeId)} is not 1 to 100 printable characters`);
  }
  const targets = new Map<string, Target>();
  const refused: RecipientOutcome[] = [];
  for (const recipient of message.recipients) {
    const wire = wireAddress(recipient.address);
    const known = wire && targets.get(wire.address);
    if (known) known.recipients.push(recipient.id);
    else if (wire && isPrintable(recipient.originalRecipient)) targets.set(wire.address, target(wire, recipient, message.report));
    else refused.push(refusedHere(recipient.id, 'rcpt', '5.1.3', `${JSON.stringify(recipient.address)} is no address that SMTP can carry`));
  }
  return { ...from, from: from.address, targets: [...targets.values()], refused };
}

/** Targets that can share one transaction: where DSN is offered, those that want the same reports (RFC 3461). */
export function groups(targets: readonly Target[], dsnOffered: boolean): readonly (readonly Target[])[] {
  if (!dsnOffered || targets.length < 2) return [targets];
  const byRequest = new Map<string, Target[]>();
  for (const one of targets) {
    const request = JSON.stringify([one.notify, one.originalRecipient]);
    const group = byRequest.get(request);
    if (group) group.push(one);
    else byRequest.set(request, [one]);
  }
  return [...byRequest.values()];
}

export function refusedHere(recipient: number, phase: Phase, enhancedCode: string, text: string, code = 'EENVELOPE'): RecipientOutcome {
  return { recipient, outcome: 'rejected', diagnostic: { code, text, phase, enhancedCode } };
}

function nobody(message: OutboundMessage, phase: Phase, enhancedCode: string, text: string): Addressing {
  const refused = message.recipients.map(({ id }) => refusedHere(id, phase, enhancedCode, text));
  return { from: '', international: false, targets: [], refused };
}

function target(wire: WireAddress, recipient: Recipient, report: ReportRequest): Target {
  const notify = notifyOf({ ...report, ...recipient.report });
  const { originalRecipient } = recipient;
  return {
    ...wire,
    recipients: [recipient.id],
    ...(notify !== undefined && { notify }),
    ...(originalRecipient !== undefined && { originalRecipient }),
  };
}

/** NOTIFY, or nothing where the sender said nothing (RFC 3461, 4.1). */
function notifyOf({ delivery, nonDelivery, delay }: ReportRequest): string | undefined {
  if (delivery === undefined && nonDelivery === undefined && delay === undefined) return undefined;
  const wanted = [delivery && 'SUCCESS', nonDelivery !== false && 'FAILURE', delay && 'DELAY'].filter(Boolean);
  return wanted.length === 0 ? 'NEVER' : wanted.join(',');
}

/** Printable ASCII without space and angle brackets needs no second look. */
const plain = /^[!-;=?-~]+$/;
/** Controls, angle brackets, and characters that cannot be seen. */
const forbidden = /[\u0000-\u001f\u007f<>\u0080-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

/** The address as RCPT carries it, or undefined if it cannot. Local parts are never rewritten (T-033). */
function wireAddress(address: string): WireAddress | undefined {
  if (plain.test(address)) return { address, international: false };
  if (address === '' || forbidden.test(address) || address.trim() !== address) return undefined;
  const at = address.lastIndexOf('@');
  const [local, domain] = at < 0 ? [address, ''] : [address.slice(0, at), address.slice(at + 1)];
  if (/\s/.test(local) && !/^".*"$/.test(local)) return undefined;
  const labels = plain.test(domain) || at < 0 ? domain : aLabels(domain);
  if (labels === undefined) return undefined;
  return { address: at < 0 ? local : `${local}@${labels}`, international: !isAscii(local) };
}

/** A domain that turns into plain ASCII letters is a disguise, not an internationalised name. */
function aLabels(domain: string): string | undefined {
  const ascii = domainToASCII(domain);
  return plain.test(ascii) && ascii.includes('xn--') ? ascii : undefined;
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
const isPrintable = (text: string | undefined): boolean => text === undefined || /^[\x21-\x7e]{1,500}$/.test(text);
