// mailspool/database: durable data for a provider that keeps some of its own. A directory with one owner, SQLite on a
// worker thread, shared commits that are synced before a call resolves.
export { compiledModule } from './compiled-module.ts';
export { type Database, type DatabaseAnswer, type DatabaseOptions, openDatabase } from './database.ts';
export type { Connection, Row, Statement, Value } from './driver.ts';
export { defaultReserveBytes, FreeSpace } from './free-space.ts';
export type { Call, DatabaseProgram, Procedure, Procedures, ProgramContext, Reply } from './program.ts';
