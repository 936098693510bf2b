import { show } from './program.mjs';

await show((name) => import(name));
