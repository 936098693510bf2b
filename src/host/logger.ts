// Loggers: silence by default, the console on request. A library prints nothing unasked.
import type { Logger } from '../provider/spooler-support.ts';

const ignore = (): void => undefined;

export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

const printed = (level: keyof Logger) => (fields: object, text: string) => console[level](`mailspool: ${text}`, fields);

export const consoleLogger: Logger = { debug: ignore, info: printed('info'), warn: printed('warn'), error: printed('error') };

export const loggerOf = (option: Logger | boolean | undefined): Logger =>
  typeof option === 'object' ? option : option ? consoleLogger : silentLogger;
