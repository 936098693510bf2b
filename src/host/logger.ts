// Loggers: silence by default, the console on request. A library prints nothing unasked.
import type { Logger } from '../provider/spooler-support.ts';

const ignore = (): void => undefined;

export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

const printed = (level: keyof Logger) => (fields: object, text: string) => console[level](`mailspool: ${text}`, fields);

export const consoleLogger: Logger = { debug: ignore, info: printed('info'), warn: printed('warn'), error: printed('error') };

export const loggerOf = (option: Logger | boolean | undefined): Logger =>
  typeof option === 'object' ? option : option ? consoleLogger : silentLogger;

/** A logger that throws must not end what it was told of. */
export function forgivingLogger(logger: Logger): Logger {
  const quietly =
    (level: keyof Logger): Logger['info'] =>
    (fields, text) => {
      try {
        logger[level](fields, text);
      } catch {
        // There is nobody left to tell.
      }
    };
  return { debug: quietly('debug'), info: quietly('info'), warn: quietly('warn'), error: quietly('error') };
}
