// The names that a new provider is given: one for people and npm, one for code, one for addresses.
import { MailspoolError } from '../../errors.ts';

export interface ProviderNames {
  /** As given: `paper-mail`. It becomes part of the session's name. */
  readonly name: string;
  /** `paperMail`, or with `Provider` behind it where the code could not use that. */
  readonly identifier: string;
  /** `PaperMail`, for types. */
  readonly type: string;
  /** `PAPER-MAIL`: the address type that it carries. */
  readonly addressType: string;
}

const longest = 50;

/** `code`: the text that the identifier must not collide with. @throws EINVALID */
export function providerNames(name: string, code: string): ProviderNames {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > longest) {
    throw new MailspoolError('EINVALID', `${JSON.stringify(name)} cannot be the name of a provider`, {
      field: 'name',
      remedy: `Write small letters, digits and single hyphens, beginning with a letter, at most ${longest} characters: paper-mail.`,
    });
  }
  const type = name
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');
  const identifier = type.slice(0, 1).toLowerCase() + type.slice(1);
  const isTaken = reserved.has(identifier) || new RegExp(`\\b${identifier}\\b`).test(code);
  return { name, identifier: isTaken ? `${identifier}Provider` : identifier, type, addressType: name.toUpperCase() };
}

/** Words that name nothing in strict code, where the template does not use them anyhow. */
const reserved: ReadonlySet<string> = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for ' +
    'function if implements import in instanceof interface let new null package private protected public return static super switch this ' +
    'throw true try typeof undefined var void while with yield'
  ).split(' '),
);
