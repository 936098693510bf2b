// SEARCH: which messages are what a client looks for, and how that is told (RFC 9051 section 6.4.4, RFC 4731, RFC 7162).
import type { SearchCommand, SearchResult } from './command.ts';
import { string, type Piece } from './responses.ts';
import type { SearchKey } from './search-key.ts';
import { matches } from './search.ts';
import type { Numbered, Selected } from './selected.ts';
import { formatSequenceSet } from './sequence-set.ts';
import type { ImapSession } from './session.ts';

/** Why it cannot be answered; undefined once it has been. */
export function search(session: ImapSession, selected: Selected, { key, uid, charset, results }: SearchCommand): string | undefined {
  if (!['UTF-8', 'US-ASCII'].includes(charset.toUpperCase())) return 'NO [BADCHARSET (UTF-8 US-ASCII)] Not that charset';
  const all = selected.all();
  const largest = { sequence: all.length, uid: all.at(-1)?.message.uid ?? 0 };
  const found = all.filter((each) => !each.message.expunged && matches(key, each, largest));
  const numbers = found.map(({ sequence, message }) => (uid ? message.uid : sequence));
  const modseq = asksForModseq(key) && found.length > 0 ? highest(found) : undefined;
  if (results) session.out.untagged(...extended(session.tag, uid, results, numbers), modseq === undefined ? '' : ` MODSEQ ${modseq}`);
  else session.out.untagged(`SEARCH${numbers.map((number) => ` ${number}`).join('')}${modseq === undefined ? '' : ` (MODSEQ ${modseq})`}`);
  return undefined;
}

const highest = (found: readonly Numbered[]): number => Math.max(...found.map(({ message }) => message.modseq));

/** `ESEARCH (TAG "a") UID MIN 1 MAX 9`: of nothing found there is only the count. */
function extended(tag: string, uid: boolean, results: readonly SearchResult[], numbers: readonly number[]): Piece[] {
  const [first, last] = [numbers[0], numbers.at(-1)];
  const values: string[] = [];
  if (first !== undefined && results.includes('MIN')) values.push(`MIN ${first}`);
  if (last !== undefined && results.includes('MAX')) values.push(`MAX ${last}`);
  if (first !== undefined && results.includes('ALL')) values.push(`ALL ${formatSequenceSet(numbers)}`);
  if (results.includes('COUNT')) values.push(`COUNT ${numbers.length}`);
  return ['ESEARCH (TAG ', ...string(tag), ')', ...[uid ? ['UID'] : [], values].flat().map((value) => ` ${value}`)];
}

function asksForModseq(key: SearchKey): boolean {
  switch (key.key) {
    case 'modseq':
      return true;
    case 'not':
      return asksForModseq(key.inner);
    case 'or':
      return key.either.some(asksForModseq);
    case 'and':
      return key.each.some(asksForModseq);
    default:
      return false;
  }
}
