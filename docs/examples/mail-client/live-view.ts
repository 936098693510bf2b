// A command that shows a view above the prompt until it is given again.
import { fromEvent, takeUntil, type Observable, type Subscription } from 'rxjs';
import type { Client, Command } from './client.ts';
import { printable } from './screen.ts';

export function liveView(name: string, help: string, lines$: (client: Client) => Observable<readonly string[]>): Command {
  let watching: Subscription | undefined;
  const run = (client: Client): void => {
    if (watching) {
      watching.unsubscribe();
      watching = undefined;
      client.screen.view(name, undefined);
      return;
    }
    const lines = lines$(client).pipe(takeUntil(fromEvent(client.background.signal, 'abort')));
    watching = lines.subscribe((shown) => client.screen.view(name, [`-- ${name} --`, ...shown.map(printable)]));
  };
  return { usage: name, help: `${help}; again: hide it`, run };
}
