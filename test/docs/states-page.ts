// docs/reference/states.md, rendered from the one state table, so that neither can say what the other does not.
import { finalStates, isFinal, stateNames, transitions } from '../../src/message/transitions.ts';
import type { StateName } from '../../src/message/recipient.ts';

const meanings: Record<StateName, string> = {
  queued: 'waits for a claim',
  claimed: 'a spooler works on it; shown from the lease, which ends by itself',
  deferred: 'waits for a time after an attempt that did not send',
  held: 'waits for whoever holds it: provider, preprocessor, operator, sender or policy; or until a time',
  uncertain: 'the wire broke after the final dot and the policy does not resend; verified at a time, or waits for the operator',
  relayed: "the next system answers for it (SMTP's 250, a datagram on its way)",
  delivered: 'known to have arrived (LMTP, local storage, a delivery report)',
  failed: 'refused for good, or no way left',
  cancelled: 'the sender took it back before it was under way',
  expired: 'its lifetime ended first',
};

export function statesPage(): string {
  const rows = Object.entries(transitions).map(([name, { from, to, when }]) => `| \`${name}\` | ${codes(from)} | \`${to}\` | ${when} |`);
  return `# States of a recipient

A recipient is in exactly one state. This page is rendered from \`src/message/transitions.ts\`, the table that the engine,
the stores and their suite read; a test compares them.

| state | final | meaning |
| --- | --- | --- |
${stateNames.map((name) => `| \`${name}\` | ${isFinal(name) ? 'yes' : 'no'} | ${meanings[name]} |`).join('\n')}

\`settled(id)\` resolves when every recipient is in a final state or \`uncertain\`. Final states are ${codes(finalStates)}:
nothing more happens by itself, but \`retry\` and late reports may still change some.

## Events

| event | from | to | when |
| --- | --- | --- | --- |
${rows.join('\n')}

## From each state

${stateNames.map((name) => `- \`${name}\`: ${leadsTo(name)}`).join('\n')}
`;
}

const codes = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

function leadsTo(state: StateName): string {
  const events = Object.entries(transitions).filter(([, { from }]) => (from as readonly StateName[]).includes(state));
  return events.length === 0 ? 'nothing leads out of it.' : `${events.map(([name, { to }]) => `\`${name}\` → \`${to}\``).join(', ')}.`;
}
