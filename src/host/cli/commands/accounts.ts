// `mailspool accounts`: who there is, in which order they are asked, what they carry. And sets that order.
import type { SessionKey } from '../../../message/recipient.ts';
import type { AccountRow, AccountSession } from '../../../spooler/contract.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { statusCells } from '../rendering/messages.ts';
import type { Cell, Column } from '../rendering/table.ts';

const columns: readonly Column[] = [
  { title: 'ORDER', align: 'right' },
  { title: 'SESSION' },
  { title: 'ACCOUNT' },
  { title: 'PROVIDER' },
  { title: 'CARRIES' },
  { title: 'STATE' },
  { title: 'QUEUED', align: 'right' },
  { title: 'TEXT', flexible: true },
];

export async function accounts(context: Context, flags: { readonly order?: readonly string[] }): Promise<ExitCode> {
  return await context.withSpooler<ExitCode>({}, async ({ spooler }) => {
    if (flags.order !== undefined) await spooler.setTransportOrder(flags.order as readonly SessionKey[]);
    const found = await spooler.listAccounts();
    const { output } = context;
    output.document(found);
    const rows = found
      .flatMap((account) => account.sessions.map((session) => ({ account, session })))
      .sort((a, b) => a.session.place - b.session.place);
    if (rows.length === 0) output.remark('No provider is configured.');
    else output.table(columns, rows.map(cells));
    return 0;
  });
}

function cells({ account, session }: { readonly account: AccountRow; readonly session: AccountSession }): Cell[] {
  const { place, provider, addressTypes, status } = session;
  const carries = addressTypes === null ? 'any' : (addressTypes ?? []).join(', ');
  const [, state = '', queued = '', , text = ''] = status === undefined ? [] : statusCells(status);
  const of = account.name === null ? '' : [account.name, ...account.identities].join(' ');
  return [String(place), { text: session.session, tone: 'name' }, of, provider, carries, state, queued, text];
}
