/** What the demo prints: chapters as they happen, then one table of what was measured. */
import { styleText } from 'node:util';
import Table from 'cli-table3';

/** One thing that the story claims and what was measured. */
export interface Finding {
  readonly chapter: string;
  readonly claim: string;
  readonly measured: string;
  readonly good: boolean;
}

const findings: Finding[] = [];
const begun = Date.now();
let chapter = '';
let progressing = false;

/** Starts a chapter. */
export function title(text: string): void {
  endProgress();
  chapter = text;
  process.stdout.write(`\n${styleText('bold', text)}\n`);
}

/** What is being done. */
export function say(text: string): void {
  endProgress();
  process.stdout.write(`  ${text}\n`);
}

/** YAML that is applied, or another short text, set apart. */
export function quote(text: string): void {
  endProgress();
  for (const line of text.trimEnd().split('\n')) process.stdout.write(styleText('dim', `      ${line}\n`));
}

/** A measured claim: printed now, and again in the table at the end. */
export function found(claim: string, measured: string, good: boolean): void {
  endProgress();
  findings.push({ chapter, claim, measured, good });
  process.stdout.write(`  ${mark(good)} ${claim}: ${measured}\n`);
}

/** A line that is overwritten by the next one (on a terminal; elsewhere one line each). */
export function progress(text: string): void {
  if (process.stdout.isTTY) {
    process.stdout.write(`\r\x1b[K  … ${text}`);
    progressing = true;
  } else process.stdout.write(`  … ${text}\n`);
}

function endProgress(): void {
  if (progressing) process.stdout.write('\r\x1b[K');
  progressing = false;
}

/** Figures as a table, columns as wide as they need. */
export function figures(head: readonly string[], rows: readonly (readonly string[])[]): void {
  endProgress();
  const chars = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const colAligns = head.map((_, column) => (column < 2 ? 'left' : 'right') as 'left' | 'right');
  const table = new Table({ head: [...head], style: { head: [], border: [] }, chars, colAligns });
  for (const row of rows) table.push([...row]);
  for (const line of table.toString().split('\n')) process.stdout.write(`  ${line}\n`);
}

/** The table of everything found; true when all of it was good. */
export function summary(): boolean {
  endProgress();
  const plain = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({
    head: ['', 'chapter', 'what should be', 'what was measured'],
    // Colours only through styleText, which knows whether this is a terminal.
    style: { head: [], border: [] },
    chars: plain,
    wordWrap: true,
    colWidths: [4, 24, 46, 52],
  });
  for (const finding of findings) table.push([mark(finding.good), finding.chapter.replace(/^\d+\. /, ''), finding.claim, finding.measured]);
  const good = findings.filter((finding) => finding.good).length;
  process.stdout.write(`\n${table.toString()}\n${good} of ${findings.length} as promised, in ${Math.round((Date.now() - begun) / 1000)} s\n`);
  return findings.length > 0 && good === findings.length;
}

function mark(good: boolean): string {
  return good ? styleText('green', '✔') : styleText('red', '✘');
}
