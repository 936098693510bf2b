// `mailspool create provider`: the folder of a new provider, and what to do next.
import { join, relative } from 'node:path';
import { createProvider } from '../../scaffold/create-provider.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { printable } from '../rendering/printable.ts';

export async function provider(context: Context, name: string): Promise<ExitCode> {
  const { output, terminal } = context;
  const created = await createProvider({ name, directory: join(terminal.workingDirectory, name) });
  output.document(created);
  const folder = printable(relative(terminal.workingDirectory, created.directory));
  for (const file of created.files) output.line(`${output.paint('good', 'created')}  ${join(folder, file)}`);
  output.line();
  output.line('Now:');
  for (const command of [`cd ${folder}`, 'npm install', 'npm test']) output.line(`  ${command}`);
  output.line('Then replace the four places marked in src/index.ts.');
  return 0;
}
