/** What a look at a cluster found: one line per thing that was looked at. */

export type Level = 'ok' | 'warning' | 'error';

export interface Finding {
  readonly level: Level;
  /** What was looked at: `api`, `permissions`, `definitions`, `webhooks`, `certificates`, `clock`, `switching`. */
  readonly area: string;
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

export const finding = (level: Level, area: string, message: string, hint?: string): Finding => ({
  level,
  area,
  message,
  ...(hint !== undefined && { hint }),
});

const MARKS: Readonly<Record<Level, string>> = { ok: 'ok     ', warning: 'warning', error: 'ERROR  ' };

export function formatFinding({ level, area, message, hint }: Finding): string {
  return `${MARKS[level]} ${area}: ${message}${hint === undefined ? '' : `\n        ${hint}`}`;
}
