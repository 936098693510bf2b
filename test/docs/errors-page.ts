// docs/reference/errors.md, rendered from the catalogue, so that each code has its line and no line its own code.
import { errorCatalogue } from '../../src/errors.ts';

export function errorsPage(): string {
  const rows = Object.entries(errorCatalogue).map(([code, { means, remedy }]) => `| \`${code}\` | ${means} | ${remedy} |`);
  return `# Error codes

Every error that mailspool throws, and every diagnostic that it stores, has a \`code\`. Codes are nodemailer's where they
exist and MAPI's as E and capitals; recognise errors by \`isMailspoolError(error)\` and \`error.code\`, not by class. This
page is rendered from \`src/errors.ts\`; a test compares them.

| code | what it means | what to do |
| --- | --- | --- |
${rows.join('\n')}

Beside the code a \`MailspoolError\` has \`remedy\`, \`temporary\`, and \`field\` where an input field is wrong. A
\`TransportError\` has \`outcome\`, \`phase\`, \`responseCode\`, \`response\`, \`enhancedCode\` (RFC 3463), \`retryAfterMs\` and
\`gate\`. Both keep their \`cause\`.
`;
}
