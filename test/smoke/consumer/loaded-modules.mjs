// Writes down which modules are loaded from now on, by import or by require.
import * as module from 'node:module';

/** @type {Set<string>} */
const urls = new Set();

if (module.registerHooks) {
  module.registerHooks({
    load(url, context, next) {
      urls.add(url);
      return next(url, context);
    },
  });
} else {
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (url) => urls.add(url)).unref();
  const hooks = `
    let port;
    export const initialize = (data) => { port = data.port; };
    export const load = (url, context, next) => { port.postMessage(url); return next(url, context); };`;
  module.register(`data:text/javascript,${encodeURIComponent(hooks)}`, import.meta.url, { data: { port: port2 }, transferList: [port2] });
}

/** Their URLs, and the names of what is built in. */
export async function loadedModules() {
  // What the hooks' thread said has arrived by then.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const required = Object.keys(module.createRequire(import.meta.url).cache);
  const builtIn = process.moduleLoadList.filter((name) => name.startsWith('NativeModule ')).map((name) => name.replace('NativeModule ', 'node:'));
  return [...urls, ...required, ...builtIn];
}
